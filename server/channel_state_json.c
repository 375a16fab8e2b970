/*
 * A channel's state as JSON: what the database and the choice table keep.
 */
#include <string.h>

#include "manifest/base/json.h"
#include "manifest/cohort.h"
#include "server/channel_state.h"

static const char *const kind_names[] = { [SCOPE_CHANNEL] = "channel",
	[SCOPE_PLATFORM] = "platform",
	[SCOPE_GROUP] = "group" };

static json_t *
write_scopes(const struct channel_state *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->nscopes; i++) {
		const struct scope *s = &c->scopes[i];

		json_array_append_new(a,
		    json_pack("{ss ss si si si sb sb}", "kind",
			kind_names[s->kind], "name", s->name, "low", s->low,
			"high", s->high, "percent_bp", s->percent_bp, "urgent",
			s->urgent, "own_stop", s->own_stop));
	}
	return a;
}

static json_t *
write_pins(const struct channel_state *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->npins; i++)
		json_array_append_new(a,
		    json_pack("{ss ss sI}", "kind", kind_names[c->pins[i].kind],
			"name", c->pins[i].name, "seq",
			(json_int_t)c->pins[i].seq));
	return a;
}

static json_t *
write_plan(const struct channel_state *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->nplan; i++)
		json_array_append_new(a,
		    json_pack("{si sI sI}", "percent_bp", c->plan[i].percent_bp,
			"not_before_s", (json_int_t)c->plan[i].not_before_s,
			"min_duration_s",
			(json_int_t)c->plan[i].min_duration_s));
	return a;
}

static json_t *
write_ladder(const struct ladder *l)
{
	json_t *good = json_array();

	for (int i = 0; i < l->ngood; i++)
		json_array_append_new(good, json_integer(l->good_seq[i]));
	return json_pack("{sI si sI sI so}", "m", (json_int_t)l->m, "nblocks",
	    l->nblocks, "offer_seq", (json_int_t)l->offer_seq, "fallback_seq",
	    (json_int_t)l->fallback_seq, "good_seq", good);
}

json_t *
channel_state_write(const struct channel_state *c, struct err *e)
{
	json_t *groups = json_array(), *repairs = json_array();
	json_t *v;

	for (size_t i = 0; i < c->ngroups; i++)
		json_array_append_new(groups, json_string(c->groups[i]));
	for (size_t i = 0; i < c->nrepairs; i++)
		json_array_append_new(repairs, json_string(c->repairs[i]));
	v = json_pack("{ss ss so ss ss si so sI sI so so so so si}", "product",
	    c->product, "channel", c->channel, "ladder",
	    write_ladder(&c->ladder), "offer_version", c->offer_version, "salt",
	    c->salt, "control_bp", c->control_bp, "plan", write_plan(c),
	    "start_s", (json_int_t)c->start_s, "not_before_s",
	    (json_int_t)c->not_before_s, "repairs", repairs, "scopes",
	    write_scopes(c), "pins", write_pins(c), "groups", groups,
	    "stop_floor", c->stop_floor);
	if (v == NULL)
		err_set(e, ERR_SYS, "channel state: no memory, or no UTF-8");
	else if (c->mirror)
		json_object_set_new(
		    v, "mirror_rung", json_integer(c->mirror_rung));
	return v;
}

/* Readers that latch: the first fault is kept in e, the rest read on. */
struct reading {
	struct err *e;
	bool failed;
};

static void
fault(struct reading *r, const char *key)
{
	if (!r->failed)
		err_set(r->e, ERR_INPUT, "channel state: %s", key);
	r->failed = true;
}

static int64_t
get_int(struct reading *r, const json_t *v, const char *key, int64_t min,
    int64_t max)
{
	const json_t *at = json_object_get(v, key);

	if (!json_is_integer(at) || json_integer_value(at) < min ||
	    json_integer_value(at) > max) {
		fault(r, key);
		return min;
	}
	return json_integer_value(at);
}

static bool
get_bool(struct reading *r, const json_t *v, const char *key)
{
	const json_t *at = json_object_get(v, key);

	if (!json_is_boolean(at))
		fault(r, key);
	return json_is_true(at);
}

static void
set_text(struct reading *r, const json_t *at, const char *key, char *out,
    size_t room)
{
	if (!json_is_string(at) || json_string_length(at) >= room)
		fault(r, key);
	else
		memcpy(out, json_string_value(at), json_string_length(at) + 1);
}

static void
get_text(
    struct reading *r, const json_t *v, const char *key, char *out, size_t room)
{
	set_text(r, json_object_get(v, key), key, out, room);
}

static size_t
get_array(struct reading *r, const json_t *v, const char *key, size_t max,
    const json_t **out)
{
	*out = json_object_get(v, key);
	if (!json_is_array(*out) || json_array_size(*out) > max) {
		fault(r, key);
		return 0;
	}
	return json_array_size(*out);
}

static enum scope_kind
get_kind(struct reading *r, const json_t *v)
{
	const char *s = json_string_value(json_object_get(v, "kind"));

	for (size_t i = 0; s != NULL && i < COUNT(kind_names); i++) {
		if (strcmp(s, kind_names[i]) == 0)
			return (enum scope_kind)i;
	}
	fault(r, "kind");
	return SCOPE_CHANNEL;
}

static void
read_ladder(struct reading *r, const json_t *v, struct ladder *l)
{
	const json_t *good;
	size_t n = get_array(r, v, "good_seq", LADDER_MAX, &good);

	l->m = get_int(r, v, "m", 0, INT32_MAX);
	l->nblocks = (int)get_int(r, v, "nblocks", 0, LADDER_MAX);
	l->offer_seq = get_int(r, v, "offer_seq", 0, INT64_MAX);
	l->fallback_seq = get_int(r, v, "fallback_seq", 0, INT64_MAX);
	l->ngood = (int)n;
	for (size_t i = 0; i < n; i++)
		l->good_seq[i] = json_integer_value(json_array_get(good, i));
	if (!r->failed && l->m != 0 && ladder_check(l, r->e) < 0)
		r->failed = true;
}

static void
read_scopes(struct reading *r, const json_t *v, struct channel_state *c)
{
	int top = c->ladder.m == 0 || r->failed ? 0 : ladder_rungs(&c->ladder);
	const json_t *a;

	c->nscopes = get_array(r, v, "scopes", SCOPES_MAX, &a);
	if ((c->nscopes == 0) != (top == 0))
		fault(r, "scopes");
	for (size_t i = 0; i < c->nscopes; i++) {
		const json_t *o = json_array_get(a, i);
		struct scope *s = &c->scopes[i];

		s->kind = get_kind(r, o);
		get_text(r, o, "name", s->name, sizeof(s->name));
		s->high = (int)get_int(r, o, "high", 1, top - 1);
		s->low = (int)get_int(r, o, "low", 0, s->high);
		s->percent_bp = (int)get_int(r, o, "percent_bp", 0, BP_ALL);
		s->urgent = get_bool(r, o, "urgent");
		s->own_stop = get_bool(r, o, "own_stop");
		if ((i == 0) != (s->kind == SCOPE_CHANNEL))
			fault(r, "scopes: the channel's comes first");
	}
	c->stop_floor =
	    (int)get_int(r, v, "stop_floor", 0, top > 0 ? top - 1 : 0);
}

static void
read_lists(struct reading *r, const json_t *v, struct channel_state *c)
{
	const json_t *a;

	c->npins = get_array(r, v, "pins", PINS_MAX, &a);
	for (size_t i = 0; i < c->npins; i++) {
		const json_t *o = json_array_get(a, i);
		struct pin *p = &c->pins[i];

		p->kind = get_kind(r, o);
		get_text(r, o, "name", p->name, sizeof(p->name));
		p->seq = get_int(r, o, "seq", 1, INT64_MAX);
	}
	c->ngroups = get_array(r, v, "groups", GROUPS_MAX, &a);
	for (size_t i = 0; i < c->ngroups; i++)
		set_text(r, json_array_get(a, i), "groups", c->groups[i],
		    sizeof(c->groups[i]));
	c->nrepairs = get_array(r, v, "repairs", MANIFEST_REPAIRS_MAX, &a);
	for (size_t i = 0; i < c->nrepairs; i++)
		set_text(r, json_array_get(a, i), "repairs", c->repairs[i],
		    sizeof(c->repairs[i]));
	c->nplan = get_array(r, v, "plan", MANIFEST_STAGES_MAX, &a);
	for (size_t i = 0; i < c->nplan; i++) {
		const json_t *o = json_array_get(a, i);
		struct stage *s = &c->plan[i];

		s->percent_bp = (int)get_int(r, o, "percent_bp", 0, BP_ALL);
		s->not_before_s = get_int(r, o, "not_before_s", 0, INT64_MAX);
		s->min_duration_s =
		    get_int(r, o, "min_duration_s", 0, INT64_MAX);
	}
}

int
channel_state_read(const json_t *v, struct channel_state *c, struct err *e)
{
	struct reading r = { .e = e };

	memset(c, 0, sizeof(*c));
	get_text(&r, v, "product", c->product, sizeof(c->product));
	get_text(&r, v, "channel", c->channel, sizeof(c->channel));
	read_ladder(&r, json_object_get(v, "ladder"), &c->ladder);
	get_text(
	    &r, v, "offer_version", c->offer_version, sizeof(c->offer_version));
	get_text(&r, v, "salt", c->salt, sizeof(c->salt));
	c->control_bp = (int)get_int(&r, v, "control_bp", 0, BP_ALL);
	c->start_s = get_int(&r, v, "start_s", 0, INT64_MAX);
	c->not_before_s = get_int(&r, v, "not_before_s", 0, INT64_MAX);
	read_scopes(&r, v, c);
	read_lists(&r, v, c);
	c->mirror = json_object_get(v, "mirror_rung") != NULL;
	if (c->mirror)
		c->mirror_rung = (int)get_int(&r, v, "mirror_rung", 0,
		    r.failed || c->ladder.m == 0
			? 0
			: ladder_rungs(&c->ladder) - 1);
	return r.failed ? -1 : 0;
}
