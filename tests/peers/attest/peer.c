/*
 * attest for tests in other languages.
 *
 *     peer_attest spdx        the sample SBOM of the unit test
 *     peer_attest statement   reads a statement from standard input, writes it
 *     peer_attest provenance  the same of provenance
 *
 * What is refused ends with 1 and the reason on standard error.
 */
#include "attest/provenance.h"
#include "attest/sample.h"
#include "attest/statement.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

#include <stdio.h>

static enum hm_status run(const char *command, struct hm_arena *arena, struct hm_buf *text, struct hm_buf *out,
			  struct hm_err *err)
{
	struct hm_attest_statement statement;
	struct hm_attest_provenance provenance;

	if (strcmp(command, "spdx") == 0)
		return hm_attest_spdx_encode(&sample_sbom, out, err);
	enum hm_status st = hm_fd_read(0, "standard input", HM_MAX_ATTEST_STATEMENT, text, err);
	if (st != HM_OK)
		return st;
	if (strcmp(command, "statement") == 0) {
		st = hm_attest_statement_parse(hm_buf_str(text), arena, &statement, err);
		return st == HM_OK ? hm_attest_statement_encode(&statement, out, err) : st;
	}
	st = hm_attest_provenance_parse(hm_buf_str(text), arena, &provenance, err);
	return st == HM_OK ? hm_attest_provenance_encode(&provenance, out, err) : st;
}

int main(int argc, char **argv)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(256 * HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MAX_ATTEST_SBOM);
	struct hm_err err = { 0 };

	if (argc != 2)
		return 2;
	if (run(argv[1], &arena, &text, &out, &err) != HM_OK) {
		fprintf(stderr, "%s: %s\n", hm_reason_code(err.reason), err.cause);
		return 1;
	}
	fwrite(out.ptr, 1, out.len, stdout);
	return 0;
}
