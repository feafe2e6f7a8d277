/* Linked into the sanitizers' shim, whose environment is the daemon's to choose. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
