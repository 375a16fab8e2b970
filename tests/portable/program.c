/*
 * A small program without any library, in two versions (-DVERSION=1, 2), from
 * which the tests of deltas build executables for every system: calls, a jump
 * table, tables of pointers, text.  It is never run.
 */
#ifndef VERSION
#define VERSION 1
#endif

typedef int (*step)(int);

volatile int sink;
const char *const names[] = { "north", "east", "south", "west", "up", "down" };

static __attribute__((noinline)) int
twice(int x)
{
	return sink += 2 * x;
}

#if VERSION > 1
/* what lies behind it moves */
static __attribute__((noinline)) int
three_times(int x)
{
	int i;

	for (i = 0; i < x; i++)
		sink ^= 3 * i + (sink >> 3);
	return twice(sink);
}
#endif

static __attribute__((noinline)) int
less(int x)
{
	return sink -= x + names[x & 3][1];
}

static __attribute__((noinline)) int
choose(int x)
{
	switch (x) {
	case 0:
		return twice(x + 11);
	case 1:
		return less(x) + twice(3);
	case 2:
		return sink ^ 0x55;
	case 3:
		return twice(less(sink));
	case 4:
		return sink & 0x1234;
	case 5:
		return names[sink & 3][0];
#if VERSION > 1
	case 6:
		return three_times(x);
#endif
	default:
		return less(x) - VERSION;
	}
}

step steps[] = { twice, less, choose, twice, choose,
#if VERSION > 1
	three_times,
#endif
	less };

#ifdef __EXCEPTIONS
/* something to clean up: a personality and exception tables beside the code */
void __gcc_personality_v0(void);
void
__gcc_personality_v0(void)
{
	sink++;
}

void _Unwind_Resume(void *);
void
_Unwind_Resume(void *x)
{
	sink += x != 0;
	for (;;)
		continue;
}

static void
leave(int *x)
{
	sink -= *x;
}
#define LEAVES __attribute__((cleanup(leave)))
#else
#define LEAVES
#endif

int
start(void)
{
	LEAVES int before = sink;
	unsigned i;

	for (i = 0; i < 1000; i++) {
		sink += steps[i % (sizeof(steps) / sizeof(*steps))](sink & 7);
		sink += names[i % 6][0];
	}
	return sink - before;
}
