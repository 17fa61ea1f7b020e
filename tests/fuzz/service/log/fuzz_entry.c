/* Entries: what is taken becomes a leaf that is read back as the same; a leaf is read or refused. */
#include "base/arena.h"
#include "service/log/entry.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hm_str text = hm_str_of(data, size);
	struct hm_arena arena = hm_arena_init((size_t)8 << 20);
	struct hm_log_facts facts;
	struct hm_err err = { 0 };
	struct hm_str body = { 0 };

	if (hm_log_entry_make(text, &arena, &body, &err) == HM_OK &&
	    hm_log_entry_facts(body, true, &arena, &facts, &err) != HM_OK)
		abort();
	if (hm_log_entry_facts(text, true, &arena, &facts, &err) == HM_OK &&
	    (!hm_str_is_utf8(facts.identity) || !hm_str_is_utf8(facts.issuer)))
		abort();
	hm_arena_done(&arena);
	return 0;
}
