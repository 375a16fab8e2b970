/*
 * Loading a module, choosing a token, logging in.
 */
#include "signer/pkcs11_token.h"

#include <dlfcn.h>
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/base/verb.h"

/* p11-kit's library is itself a module, of all that are registered; what some
 * distributions call p11-kit-proxy.so is a link to it that others lack. */
#define MODULE_DEFAULT "libp11-kit.so.0"
#define SLOTS_MAX      64

static const struct reason {
	ck_rv_t rv;
	enum err_kind kind;
	const char *text;
} reasons[] = {
	{ CKR_PIN_INCORRECT, ERR_AUTH, "wrong PIN" },
	{ CKR_PIN_INVALID, ERR_AUTH, "wrong PIN" },
	{ CKR_PIN_LEN_RANGE, ERR_AUTH, "wrong PIN (its length)" },
	{ CKR_PIN_LOCKED, ERR_AUTH, "the PIN is locked" },
	{ CKR_PIN_EXPIRED, ERR_AUTH, "the PIN has expired" },
	{ CKR_USER_PIN_NOT_INITIALIZED, ERR_AUTH, "no PIN is set" },
	{ CKR_TOKEN_NOT_PRESENT, ERR_MISSING, "the token is gone" },
	{ CKR_DEVICE_REMOVED, ERR_MISSING, "the token is gone" },
	{ CKR_MECHANISM_INVALID, ERR_REFUSED,
	    "the token cannot sign in this way" },
	{ CKR_KEY_FUNCTION_NOT_PERMITTED, ERR_REFUSED, "the key may not sign" },
	{ CKR_FUNCTION_CANCELED, ERR_REFUSED, "it was cancelled" },
	{ CKR_DATA_LEN_RANGE, ERR_LIMIT,
	    "more bytes than the token signs at once" },
};

int
pkcs11_token_failed(ck_rv_t rv, const char *doing, struct err *e)
{
	for (size_t i = 0; i < COUNT(reasons); i++) {
		if (reasons[i].rv == rv)
			return err_set(e, reasons[i].kind, "%s: %s", doing,
			    reasons[i].text);
	}
	return err_set(e, ERR_SYS, "%s: the module answered 0x%lx", doing, rv);
}

/* A function of a library, without a cast that C does not have. */
static CK_C_GetFunctionList
function_list(void *library)
{
	union {
		void *object;
		CK_C_GetFunctionList function;
	} u = { dlsym(library, "C_GetFunctionList") };

	return u.function;
}

static int
load(struct pkcs11_token *t, const char *path, struct err *e)
{
	struct ck_c_initialize_args args = { .flags = CKF_OS_LOCKING_OK };
	CK_C_GetFunctionList get;
	ck_rv_t rv;

	if (*path == '\0')
		path = MODULE_DEFAULT;
	if ((t->library = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL) {
		verb_hint("name the token's module: pkcs11:...?module-path="
			  "/path/to/module.so");
		return err_set(
		    e, ERR_MISSING, "cannot load a module: %s", dlerror());
	}
	get = function_list(t->library);
	if (get == NULL || get(&t->f) != CKR_OK || t->f == NULL)
		return err_set(e, ERR_INPUT, "%s: not a PKCS#11 module", path);
	rv = t->f->C_Initialize(&args);
	if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return 0;
	if (rv != CKR_OK)
		return pkcs11_token_failed(rv, path, e);
	t->initialized = true;
	return 0;
}

/* A field of the standard: blanks at the end; "" matches anything. */
static bool
is(const unsigned char *at, size_t len, const char *want)
{
	size_t n = strlen(want);

	if (n == 0)
		return true;
	while (len > 0 && at[len - 1] == ' ')
		len--;
	return len == n && memcmp(at, want, n) == 0;
}

static bool
matches(const struct ck_token_info *i, const struct tokenuri *u)
{
	return is(i->label, sizeof(i->label), u->token) &&
	    is(i->manufacturer_id, sizeof(i->manufacturer_id),
		u->manufacturer) &&
	    is(i->serial_number, sizeof(i->serial_number), u->serial) &&
	    is(i->model, sizeof(i->model), u->model);
}

static int
choose(struct pkcs11_token *t, const struct tokenuri *u, ck_slot_id_t *out,
    struct err *e)
{
	ck_slot_id_t slots[SLOTS_MAX];
	unsigned long n = SLOTS_MAX, found = 0;
	ck_rv_t rv = t->f->C_GetSlotList(1, slots, &n);

	if (rv != CKR_OK)
		return pkcs11_token_failed(rv, "looking for tokens", e);
	for (unsigned long i = 0; i < n; i++) {
		struct ck_token_info info;

		if ((u->slot >= 0 && slots[i] != (ck_slot_id_t)u->slot) ||
		    t->f->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
		    !(info.flags & CKF_TOKEN_INITIALIZED) || !matches(&info, u))
			continue;
		if (found++ > 0)
			continue;
		*out = slots[i];
		t->info = info;
	}
	if (found == 1)
		return 0;
	if (*u->module_path == '\0')
		verb_hint("p11-kit list-modules shows what is registered;"
			  " ?module-path= names another module");
	else
		verb_hint("pkcs11-tool --list-token-slots shows what a module"
			  " has");
	return err_set(e, found == 0 ? ERR_MISSING : ERR_USAGE,
	    found == 0 ? "no such token" : "%lu tokens answer to this URI",
	    found);
}

int
pkcs11_token_open(
    struct pkcs11_token *t, const struct tokenuri *uri, struct err *e)
{
	ck_slot_id_t slot = 0;
	char label[sizeof(t->info.label) + 1] = { 0 };
	ck_rv_t rv;

	memset(t, 0, sizeof(*t));
	if (load(t, uri->module_path, e) < 0 || choose(t, uri, &slot, e) < 0)
		return -1;
	memcpy(label, t->info.label, sizeof(t->info.label));
	text_safe(t->label, sizeof(t->label), label);
	for (size_t n = strlen(t->label); n > 0 && t->label[n - 1] == ' ';)
		t->label[--n] = '\0';
	rv = t->f->C_OpenSession(
	    slot, CKF_SERIAL_SESSION, NULL, NULL, &t->session);
	if (rv != CKR_OK)
		return pkcs11_token_failed(rv, t->label, e);
	t->opened = true;
	return 0;
}

void
pkcs11_token_close(struct pkcs11_token *t)
{
	if (t->opened)
		(void)t->f->C_CloseSession(t->session);
	if (t->initialized)
		(void)t->f->C_Finalize(NULL);
	/* the library stays: some modules do not survive being unloaded */
	secret_done(&t->pin);
	memset(t, 0, sizeof(*t));
}

static int
give_pin(struct pkcs11_token *t, ck_user_type_t user, struct err *e)
{
	ck_rv_t rv = t->f->C_Login(t->session, user, t->pin.at, t->pin.len);

	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return 0;
	return pkcs11_token_failed(rv, t->label, e);
}

static int
ask_pin(struct pkcs11_token *t, struct pass *pass, struct err *e)
{
	char prompt[64] = "PIN of the token ";

	if (t->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH)
		return 0; /* it has keys of its own to type on */
	memcpy(prompt + strlen(prompt), t->label, strlen(t->label) + 1);
	if (pass_next(pass, prompt, e) < 0)
		return -1;
	secret_done(&t->pin);
	if (secret_new(&t->pin, pass->last.len, e) < 0)
		return -1;
	memcpy(t->pin.at, pass->last.at, pass->last.len);
	return 0;
}

static bool
logged_in(const struct pkcs11_token *t)
{
	struct ck_session_info i;

	return t->f->C_GetSessionInfo(t->session, &i) == CKR_OK &&
	    (i.state == CKS_RO_USER_FUNCTIONS ||
		i.state == CKS_RW_USER_FUNCTIONS);
}

int
pkcs11_token_login(struct pkcs11_token *t, struct pass *pass, struct err *e)
{
	if (!(t->info.flags & CKF_LOGIN_REQUIRED) || logged_in(t))
		return 0;
	if (ask_pin(t, pass, e) < 0)
		return -1;
	return give_pin(t, CKU_USER, e);
}

int
pkcs11_token_keep(struct pkcs11_token *t, struct pass *pass, struct err *e)
{
	return t->pin.at != NULL ? 0 : ask_pin(t, pass, e);
}

int
pkcs11_token_again(struct pkcs11_token *t, struct err *e)
{
	return give_pin(t, CKU_CONTEXT_SPECIFIC, e);
}
