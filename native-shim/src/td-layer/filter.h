/* The system calls that are left to td-layer once it is confined. */
#ifndef TD_LAYER_FILTER_H
#define TD_LAYER_FILTER_H

/* For good; needs no_new_privs. Any other call answers ENOSYS. */
void filter_install(void);

#endif
