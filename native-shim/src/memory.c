#include "memory.h"

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Unmaps the program itself, which comes back from the page cache as it is needed, 64 KiB at a time: what
 * runs between two rounds of the loop is `hot`, so that the linker lays it together.
 */
__attribute__((hot)) void memory_forget_program(void)
{
    extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden"))); /* the linker's */
    uintptr_t base = (uintptr_t)&__ehdr_start, page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)(base + __ehdr_start.e_phoff);
    /* Backwards, since the first segment is the one that is read here. */
    for (int i = __ehdr_start.e_phnum - 1; i >= 0; i--) {
        /* Never what is writable: it is not in the file as it is in memory. */
        if (headers[i].p_type != PT_LOAD || headers[i].p_flags & PF_W) continue;
        uintptr_t at = base + headers[i].p_vaddr, from = at & ~(page - 1);
        madvise((void *)from, at + headers[i].p_memsz - from, MADV_DONTNEED);
    }
}

/* The stack below this frame, which was used deeper when the container was made. */
__attribute__((noinline)) void memory_forget_stack(void)
{
    char here;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), top = ((uintptr_t)&here & ~(page - 1)) - page;
    madvise((void *)(top - 16 * page), 16 * page, MADV_DONTNEED);
}
