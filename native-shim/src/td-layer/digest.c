#include "td-layer/digest.h"
#include "td-layer/fail.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>

void digest_start(struct digest *digest)
{
    digest->size = 0;
    /* Without reading openssl.cnf: it costs a millisecond and has no say here. */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    digest->context = EVP_MD_CTX_new();
    if (!digest->context || !EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL))
        fail(FAIL_SYSTEM, "libcrypto has no SHA-256");
}

void digest_add(struct digest *digest, const void *data, size_t size)
{
    digest->size += size;
    if (!EVP_DigestUpdate(digest->context, data, size)) fail(FAIL_SYSTEM, "libcrypto cannot compute SHA-256");
}

void digest_end(struct digest *digest, char text[DIGEST_TEXT])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int length;
    if (!EVP_DigestFinal_ex(digest->context, hash, &length))
        fail(FAIL_SYSTEM, "libcrypto cannot compute SHA-256");
    EVP_MD_CTX_free(digest->context);
    digest->context = NULL;
    int used = sprintf(text, "sha256:");
    for (unsigned int i = 0; i < length; i++) used += sprintf(text + used, "%02x", hash[i]);
}
