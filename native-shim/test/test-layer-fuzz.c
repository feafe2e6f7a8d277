/*
 * Unpacks thousands of archives with a few bytes changed, the same ones every time: each must end with a
 * result or a sentence, never by a signal or a sanitizer.
 */
#include "check.h"

#include "td-layer/header.h"
#include "td-layer/remove.h"
#include "td-layer/unpack.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 1000, BLOCKS = 64 };

static struct header archive[BLOCKS];
static size_t used;
static bool is_header[BLOCKS];

static void sign(struct header *header)
{
    unsigned int sum = 0;
    memset(header->checksum, ' ', sizeof header->checksum);
    for (size_t i = 0; i < sizeof *header; i++) sum += ((unsigned char *)header)[i];
    snprintf(header->checksum, sizeof header->checksum, "%06o", sum & 0777777);
}

static void add(char type, const char *name, const char *link, const void *data, size_t size)
{
    struct header *header = &archive[used];
    is_header[used++] = true;
    CHECK(used + 1 + size / TAR_BLOCK < BLOCKS);
    snprintf(header->name, sizeof header->name, "%s", name);
    snprintf(header->link, sizeof header->link, "%s", link);
    memcpy(header->mode, "0000644", 8);
    memcpy(header->uid, "0000000", 8);
    memcpy(header->gid, "0000000", 8);
    snprintf(header->size, sizeof header->size, "%011zo", size);
    memcpy(header->mtime, "00000000017", 12);
    memcpy(header->magic, "ustar", 6);
    memcpy(header->version, "00", 2);
    memcpy(header->major, "0000001", 8);
    memcpy(header->minor, "0000003", 8);
    header->type = type;
    sign(header);
    if (size > 0) memcpy(&archive[used], data, size);
    used += (size + TAR_BLOCK - 1) / TAR_BLOCK;
}

static void build(void)
{
    static const char PAX[] = "25 SCHILY.xattr.user.a=b\n18 path=d/renamed\n19 mtime=1700.5000\n",
                      SPARSE[] = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n26 GNU.sparse.name=d/hole\n"
                                 "30 GNU.sparse.realsize=200000\n";
    char map[2 * TAR_BLOCK] = "1\n4096\n512\n", text[700];
    memset(text, 't', sizeof text);
    add('5', "d/", "", NULL, 0);
    add('0', "d/file", "", text, sizeof text);
    add('1', "d/hard", "d/file", NULL, 0);
    add('2', "d/soft", "../d", NULL, 0);
    add('0', "d/soft/through", "", "x", 1);
    add('x', "PaxHeader", "", PAX, sizeof PAX - 1);
    add('0', "short", "", "data", 4);
    add('L', "././@LongLink", "", "d/a-long-name", sizeof "d/a-long-name");
    add('3', "short", "", NULL, 0);
    add('x', "PaxHeader", "", SPARSE, sizeof SPARSE - 1);
    add('0', "GNUSparseFile", "", map, sizeof map);
    add('0', "d/.wh.gone", "", NULL, 0);
    add('0', "d/.wh..wh..opq", "", NULL, 0);
    add('6', "d/fifo", "", NULL, 0);
    add('0', "d", "", "now a file", 10);
    used += 2;
}

static uint32_t draw(uint32_t below)
{
    static uint64_t state = 20180;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

/* Changes a few bytes; headers are signed again, so that the change is looked at. Returns the size. */
static size_t mutate(struct header *copy)
{
    static const char LIKELY[] = {0, ' ', '/', '.', '0', '7', '8', -1, -128, '\n', '=', '5'};
    memcpy(copy, archive, sizeof archive);
    for (uint32_t changes = 1 + draw(4); changes > 0; changes--) {
        size_t block = draw((uint32_t)used);
        unsigned char *byte = (unsigned char *)&copy[block] + draw(draw(2) ? 160 : TAR_BLOCK);
        *byte = (unsigned char)(draw(2) ? LIKELY[draw(sizeof LIKELY)] : (char)draw(256));
        if (is_header[block]) sign(&copy[block]);
    }
    return draw(8) ? used * TAR_BLOCK : draw((uint32_t)used * TAR_BLOCK);
}

/* Returns the exit code. */
static int unpack_one(const void *data, size_t size, const char *directory)
{
    int memory = memfd_create("layer", MFD_CLOEXEC), devnull = open("/dev/null", O_WRONLY);
    CHECK(write(memory, data, size) == (ssize_t)size && lseek(memory, 0, SEEK_SET) == 0);
    CHECK(mkdir(directory, 0700) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct input input;
        dup2(devnull, STDOUT_FILENO);
        input_prepare(&input, memory, true);
        const struct unpack_options options = {.layer = true};
        unpack(&input, open(directory, O_PATH | O_DIRECTORY), &options);
        _exit(0);
    }
    int status;
    uint64_t freed = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
    CHECK(remove_tree(AT_FDCWD, directory, &freed) == 0);
    close(memory);
    close(devnull);
    return WEXITSTATUS(status);
}

int main(void)
{
    char directory[] = P_tmpdir "/td-layer-fuzz-XXXXXX", tree[64];
    static struct header copy[BLOCKS];
    CHECK(mkdtemp(directory));
    snprintf(tree, sizeof tree, "%s/tree", directory);
    umask(0);
    build();
    int plain = unpack_one(archive, used * TAR_BLOCK, tree), unpacked = 0;
    for (int round = 0; round < ROUNDS; round++) unpacked += unpack_one(copy, mutate(copy), tree) == 0;
    if (geteuid() == 0) CHECK(plain == 0 && unpacked > ROUNDS / 10 && unpacked < ROUNDS);
    CHECK(rmdir(directory) == 0);
    return 0;
}
