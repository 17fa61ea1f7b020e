/* Signed notes: what is accepted is the sum of its parts, and nobody's signature is made up. */
#include "tlog/note.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hm_tlog_verifier *neumann(void)
{
	static struct hm_tlog_verifier verifier;

	if (!verifier.name &&
	    hm_tlog_verifier_parse(HM_STR("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
				   &verifier, NULL) != HM_OK)
		abort();
	return &verifier;
}

static void check_key(struct hm_str text)
{
	struct hm_tlog_verifier verifier = { 0 };

	if (hm_tlog_verifier_parse(text, &verifier, NULL) == HM_OK)
		hm_tlog_verifier_done(&verifier);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hm_str bytes = hm_str_of(data, size);
	struct hm_tlog_verified_note verified;
	struct hm_tlog_note note;

	check_key(bytes);
	if (hm_tlog_note_parse(bytes, &note, NULL) != HM_OK)
		return 0;
	struct hm_buf again = hm_buf_init(size);
	hm_buf_add_str(&again, note.text);
	hm_buf_add_char(&again, '\n');
	for (size_t i = 0; i < note.count; i++)
		hm_buf_addf(&again, "\xe2\x80\x94 %.*s %.*s\n", HM_STR_ARG(note.sig[i].name),
			    HM_STR_ARG(note.sig[i].base64));
	if (!hm_str_eq(hm_buf_str(&again), bytes))
		abort();
	hm_buf_done(&again);
	/* of the one text that he signed, which the corpus has */
	if (hm_tlog_note_verify(&note, neumann(), 1, &verified, NULL) == HM_OK &&
	    !hm_str_has_prefix(verified.text, HM_STR("If you think cryptography is the answer to your problem,\n")))
		abort();
	return 0;
}
