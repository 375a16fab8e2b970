/*
 * Notifications to the post process:
 *   {"do":"event","id","url","body":{"event","channel","at","who","reason",
 *    "text"}}
 */
#include "server/store/notify.h"

#include "manifest/base/clock.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "server/ipc.h"

void
notify_send(struct store *s, const struct notice *n)
{
	char at[TIME_TEXT_SIZE];
	struct err e;
	AUTO_JSON v = NULL;

	log_info("action", F("verb", n->event), F("channel", n->channel),
	    F("who", n->who), F("reason", n->reason), F("text", n->text));
	if (s->post_fd < 0 || s->conf->webhook == NULL)
		return;
	time_write(at, clock_now_s());
	v = json_pack("{ss sI ss s{ss ss ss ss ss ss}}", "do", "event", "id",
	    (json_int_t)++s->notices, "url", s->conf->webhook, "body", "event",
	    n->event, "channel", n->channel, "at", at, "who", n->who, "reason",
	    n->reason, "text", n->text);
	if (v == NULL || ipc_send(s->post_fd, v, -1, &e) < 0)
		log_warn("notice_lost", F("event", n->event),
		    F("channel", n->channel));
}
