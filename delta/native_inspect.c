/*
 * Describing a patch of the native format: where the bytes went.
 */
#include "delta/core/patch.h"
#include "delta/filemap.h"
#include "delta/native.h"

static const char *const coders[FORMAT_CODERS] = {
	[FORMAT_STORED] = "stored",
	[FORMAT_ZSTD] = "zstd",
	[FORMAT_XZ] = "xz",
	[FORMAT_XZ_OLD] = "xz-old",
};

static const char *const kinds[REGION_KINDS] = {
	[REGION_RAW] = "raw",
	[REGION_X86] = "x86-64",
	[REGION_A64] = "arm64",
	[REGION_PTR64] = "pointers",
	[REGION_RVA32] = "addresses",
	[REGION_RO] = "constants",
	[REGION_EHF] = "eh-frame",
	[REGION_EHHDR] = "eh-header",
	[REGION_PCLN] = "go-functions",
	[REGION_UNWIND] = "unwind-info",
	[REGION_RELOC] = "relocations",
};

static void
describe_sha256(struct buf *out, const char *name, const uint8_t *sha)
{
	char hex[SHA256_HEX_SIZE];

	hex_write(hex, sha, SHA256_SIZE);
	buf_printf(out, "%s: %s\n", name, hex);
}

static void
describe_image(struct buf *out, const char *name, const struct image *m)
{
	uint64_t bytes[REGION_KINDS] = { 0 };
	size_t i;

	for (i = 0; i < m->n; i++)
		bytes[m->at[i].kind] += m->at[i].size;
	for (i = 0; i < REGION_KINDS; i++)
		if (bytes[i] > 0)
			buf_printf(out, "%s %s: %llu\n", name, kinds[i],
			    (unsigned long long)bytes[i]);
}

/* Where parts of the files are unpacked while the patch is applied. */
static void
describe_ranges(struct buf *out, const struct format *f, const struct tables *t)
{
	uint64_t packed = 0, raw = 0;
	size_t i;

	for (i = 0; i < t->old_ranges.n; i++) {
		packed += t->old_ranges.at[i].packed;
		raw += t->old_ranges.at[i].raw;
	}
	if (t->old_ranges.n > 0) {
		buf_printf(out, "ranges of old: %zu, %llu bytes of %llu\n",
		    t->old_ranges.n, (unsigned long long)raw,
		    (unsigned long long)packed);
		buf_printf(out, "room to apply: %llu\n",
		    (unsigned long long)f->old_expanded);
	}
	for (i = 0, raw = 0; i < t->new_ranges.n; i++)
		raw += t->new_ranges.at[i].raw;
	if (t->new_ranges.n > 0)
		buf_printf(out, "ranges of new: %zu, %llu bytes\n",
		    t->new_ranges.n, (unsigned long long)raw);
}

static void
describe_members(struct buf *out, const char *name, const struct image *m)
{
	if (m->members > 1)
		buf_printf(out, "%s executables: %zu\n", name, m->members);
}

int
native_inspect(int fd, struct buf *out, struct err *e)
{
	AUTO_FILEMAP patch = { 0 };
	CLEANUP(tables_done) struct tables t = { 0 };
	struct format f;
	int s;

	if (filemap_open(&patch, fd, "patch", e) < 0 ||
	    format_read(&f, patch.bytes.at, patch.bytes.len, e) < 0 ||
	    patch_tables(&f, &t, e) < 0)
		return -1;
	buf_printf(out, "format: %s\n", DELTA_SLUICE1);
	buf_printf(out, "old size: %llu\n", (unsigned long long)f.old_size);
	describe_sha256(out, "old sha256", f.old_sha256);
	buf_printf(out, "new size: %llu\n", (unsigned long long)f.new_size);
	describe_sha256(out, "new sha256", f.new_sha256);
	buf_printf(out, "patch size: %zu\n", patch.bytes.len);
	buf_printf(
	    out, "memory to apply: %llu\n", (unsigned long long)f.memory);
	buf_printf(out, "blocks: %llu\n", (unsigned long long)t.blocks);
	buf_printf(out, "references: %llu\n", (unsigned long long)t.sites);
	describe_ranges(out, &f, &t);
	describe_members(out, "old", &t.old);
	describe_members(out, "new", &t.new);
	describe_image(out, "old", &t.old);
	describe_image(out, "new", &t.new);
	for (s = 0; s < FORMAT_STREAMS; s++)
		if (f.part[s].raw > 0)
			buf_printf(out, "stream %s: %zu of %llu, %s\n",
			    format_names[s], f.part[s].packed,
			    (unsigned long long)f.part[s].raw,
			    coders[f.part[s].coder]);
	return buf_ok(out, e);
}
