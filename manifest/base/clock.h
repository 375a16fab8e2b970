/*
 * The one clock of the programs.  Libraries take the time as an argument.
 */
#ifndef SLUICE_CLOCK_H
#define SLUICE_CLOCK_H

#include <stdint.h>

/*
 * clock_now_s - Unix seconds.  Through libc's time(), so that libfaketime
 * works on every program.
 */
int64_t clock_now_s(void);

/* clock_mono_ms - milliseconds of a clock that never jumps; for deadlines. */
int64_t clock_mono_ms(void);

/* clock_cpu_ms - milliseconds that all threads of this process have worked. */
int64_t clock_cpu_ms(void);

#endif
