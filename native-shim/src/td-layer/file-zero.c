#include "td-layer/file.h"

#include <string.h>

bool file_is_zero(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}
