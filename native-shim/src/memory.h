/* Memory that has served is given back to the kernel. */
#ifndef TD_MEMORY_H
#define TD_MEMORY_H

/* The pages of the program: what is needed again comes back from the page cache. */
void memory_forget_program(void);

/* The stack below the caller. */
void memory_forget_stack(void);

#endif
