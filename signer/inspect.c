/*
 * sluice-sign inspect: what is in a file or a folder, for people.  Nothing is
 * verified here but form; verify does that.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delta/delta.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "signer/describe.h"
#include "signer/existing.h"
#include "signer/facts.h"
#include "signer/keyfile.h"
#include "signer/pubkey.h"
#include "signer/verbs.h"

static const struct opt opts[] = {
	VERBS_OPT_JSON,
};

/* --- folders -------------------------------------------------------------- */

static int
inspect_folder(const char *path, bool as_json, struct arena *a, struct err *e)
{
	AUTO_EXISTING p = { .source = { .dirfd = -1 } };
	struct existing_ask ask = { .source = { .where = path },
		.partial = true };
	json_t *v;
	int rc;

	if (existing_open(&p, &ask, a, e) < 0)
		return -1;
	if (p.pub == NULL)
		return err_set(e, ERR_MISSING,
		    "%s: roots only, nothing is"
		    " published",
		    path);
	if (!as_json) {
		describe_publication(stdout, p.pub);
		describe_rungs(stdout, p.pub);
		verbs_say("note: read under its own root; sluice-sign verify"
			  " checks it under yours");
		return 0;
	}
	v = describe_json(p.pub);
	rc = verbs_print_json(v, e);
	json_decref(v);
	return rc;
}

/* --- documents ------------------------------------------------------------ */

static void
print_signed(const struct role *r, struct bytes file)
{
	char hex[SHA256_HEX_SIZE], expires[TIME_TEXT_SIZE];

	sha256_hex(hex, file.at, file.len);
	time_write(expires, r->expires_s);
	(void)printf("%s %lld of %s/%s, until %s\nfile       %s\n",
	    role_name(r->kind), (long long)r->version, r->product, r->channel,
	    expires, hex);
	for (size_t i = 0; i < r->nsigs; i++)
		(void)printf("signature  %s\n", r->sigs[i].keyid);
}

static void
print_meta(const struct role *r)
{
	char hex[SHA256_HEX_SIZE];

	for (size_t i = 0; i < r->nmeta; i++) {
		hex_write(hex, r->meta[i].sha256, SHA256_SIZE);
		(void)printf("names      %s %lld, %lld bytes, %s\n",
		    r->meta[i].name, (long long)r->meta[i].version,
		    (long long)r->meta[i].length, hex);
	}
	for (size_t i = 0; i < r->ntargets; i++) {
		hex_write(hex, r->targets[i].sha256, SHA256_SIZE);
		(void)printf("  %s  %lld bytes  %s\n", hex,
		    (long long)r->targets[i].length, r->targets[i].path);
	}
	if (r->kind == ROLE_TIMESTAMP)
		(void)printf("cap        %d basis points%s%s\n", r->cap_bp,
		    r->urgent ? ", urgent" : "", r->offline ? ", offline" : "");
}

static int
inspect_role(
    struct bytes file, const char *type, struct arena *a, struct err *e)
{
	const struct role *r = NULL;
	struct facts f;

	for (int i = 0; i < ROLE_KINDS && r == NULL; i++) {
		if (strcmp(type, role_name((enum role_kind)i)) != 0)
			continue;
		r = role_read(a, (enum role_kind)i, file, ROLE_STRICT, e);
		if (r == NULL)
			return -1;
	}
	if (r == NULL)
		return err_set(e, ERR_INPUT, "a document of unknown type");
	print_signed(r, file);
	print_meta(r);
	if (r->kind != ROLE_ROOT)
		return 0;
	if (facts_init(&f, a, e) < 0 || facts_root(&f, r, e) < 0)
		return -1;
	for (size_t i = 2; i < f.n; i++)
		(void)printf("%s\n", f.lines[i]);
	return 0;
}

static int
inspect_key(struct bytes file, struct arena *a, struct err *e)
{
	struct keyfile k;
	struct minisign_key m;
	char text[MINISIGN_KEY_TEXT + 1], safe[2 * KEYFILE_COMMENT];

	if (keyfile_parse(&k, file, a, e) < 0)
		return -1;
	(void)printf("secret %s key, encrypted (Argon2id, %lld passes,"
		     " %lld KiB)\nkeyid      %s\n",
	    keyfile_role_name(k.role), (long long)k.ops,
	    (long long)(k.mem >> 10), k.keyid);
	if (k.role == KEYFILE_MINISIGN) {
		keyfile_minisign(&m, &k);
		minisign_key_write(text, &m);
		(void)printf("public     %s\n", text);
	}
	if (k.comment[0] != '\0')
		(void)printf("comment    %s\n",
		    text_safe(safe, sizeof(safe), k.comment));
	return 0;
}

static int
inspect_public(const json_t *v, struct arena *a, struct err *e)
{
	struct pubkey k;
	struct key key;

	if (key_read(&key, "", v, false, a, e) < 0 ||
	    pubkey_from(&k, &key, e) < 0)
		return -1;
	(void)printf("public key (%s)\nkeyid      %s\n",
	    k.type == KEY_ED25519 ? "Ed25519" : "ECDSA P-256", k.id);
	return 0;
}

static int
inspect_json(struct bytes file, bool as_json, struct arena *a, struct err *e)
{
	AUTO_JSON v = json_read(file, ROLE_TARGETS_MAX, e);
	const char *type, *schema;
	const struct manifest *m;

	if (v == NULL)
		return -1;
	if (as_json)
		return verbs_print_json(v, e);
	type = json_string_value(
	    json_object_get(json_object_get(v, "signed"), "_type"));
	schema = json_string_value(json_object_get(v, "schema"));
	if (type != NULL)
		return inspect_role(file, type, a, e);
	if (schema != NULL && strcmp(schema, KEYFILE_SCHEMA) == 0)
		return inspect_key(file, a, e);
	if (json_object_get(v, "keytype") != NULL)
		return inspect_public(v, a, e);
	if (schema == NULL || strcmp(schema, MANIFEST_SCHEMA) != 0)
		return err_set(e, ERR_INPUT, "JSON of no kind that is known");
	if ((m = manifest_read(a, file, true, e)) == NULL)
		return -1;
	(void)printf("manifest of %s/%s\n", m->product, m->channel);
	describe_manifest(stdout, m);
	return 0;
}

/* --- other files ----------------------------------------------------------- */

static int
inspect_minisign(struct bytes file, struct err *e)
{
	struct minisign_sig s;
	struct minisign_key k;
	struct err none = { 0 };
	char hex[HEX_SIZE(MINISIGN_ID_SIZE)];
	char safe[MINISIGN_COMMENT_MAX + 1];

	if (minisign_read(&s, file, &none) == 0) {
		hex_write(hex, s.id, sizeof(s.id));
		(void)printf("minisign signature by %s\ncomment    %s\n", hex,
		    text_safe(safe, sizeof(safe), s.trusted));
		return 0;
	}
	if (minisign_key_read(&k, (const char *)file.at, e) < 0)
		return -1;
	hex_write(hex, k.id, sizeof(k.id));
	(void)printf("minisign public key %s\n", hex);
	return 0;
}

/* Every document and key file of ours is an object. */
static bool
is_json(struct bytes file)
{
	size_t i = 0;

	while (i < file.len && strchr(" \t\r\n", file.at[i]) != NULL &&
	    file.at[i] != '\0')
		i++;
	return i < file.len && file.at[i] == '{';
}

static bool
is_delta(const char *path)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && delta_format(fd) != NULL;
}

static int
inspect_delta(const char *path, struct err *e)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	AUTO_BUF out;

	buf_init(&out, 65536);
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (delta_inspect(fd, &out, e) < 0)
		return -1;
	(void)printf("%s", buf_str(&out));
	return 0;
}

static int
inspect_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	const char *path = args->argv[0];
	bool as_json = args_flag(args, "json");
	struct stat st;
	struct bytes file;
	int rc;

	if (stat(path, &st) < 0)
		return err_sys(e, "%s", path);
	if (S_ISDIR(st.st_mode))
		return inspect_folder(path, as_json, a, e);
	if (file_read(a, path, 1 << 28, &file, e) < 0)
		return -1;
	if (is_delta(path))
		rc = inspect_delta(path, e);
	else if (file.len > 17 && memcmp(file.at, "untrusted comment", 17) == 0)
		rc = inspect_minisign(file, e);
	else if (!is_json(file))
		rc = err_set(e, ERR_INPUT,
		    "neither a document, a key, a signature nor a delta");
	else
		rc = inspect_json(file, as_json, a, e);
	return rc < 0 ? err_in(e, "%s", path) : 0;
}

const struct verb inspect_verb = { "inspect", "FILE|DIR",
	"show what a document, key or folder says", inspect_cmd, opts,
	COUNT(opts), 1, 1 };
