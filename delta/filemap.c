/*
 * Mapping files.
 */
#include "delta/filemap.h"

#include <sys/mman.h>
#include <sys/stat.h>

int
filemap_open(struct filemap *m, int fd, const char *name, struct err *e)
{
	static const uint8_t nothing;
	struct stat st;

	*m = (struct filemap){ .bytes = { &nothing, 0 } };
	if (fstat(fd, &st) < 0)
		return err_sys(e, "%s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s: not a regular file", name);
	if (st.st_size == 0)
		return 0;
	m->map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (m->map == MAP_FAILED) {
		m->map = NULL;
		return err_sys(e, "%s", name);
	}
	m->bytes = (struct bytes){ m->map, (size_t)st.st_size };
	return 0;
}

void
filemap_done(struct filemap *m)
{
	if (m->map)
		(void)munmap(m->map, m->bytes.len);
	m->map = NULL;
}
