#include "cli/sign_key.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "cli/key_elsewhere.h"
#include "cli/password.h"
#include "crypto/keyfile.h"

#include <stdlib.h>

static enum hm_status parse(struct hm_cli *cli, struct hm_str text, bool is_stdin_taken, struct hm_signer *ret_signer,
			    struct hm_err *err)
{
	HM_OWN(hm_secret_done) struct hm_secret password = { 0 };

	if (!hm_keyfile_is(text))
		return hm_signer_parse_text(text, ret_signer, err);
	/* nobody types a password for what is no key */
	enum hm_status st = hm_keyfile_check(text, err);
	if (st == HM_OK)
		st = hm_cli_password(cli, false, is_stdin_taken, &password, err);
	return st == HM_OK ? hm_keyfile_decrypt(text, hm_secret_str(&password), ret_signer, err) : st;
}

enum hm_status hm_cli_key_read(struct hm_cli *cli, struct hm_str text, bool is_stdin_taken,
			       struct hm_signer *ret_signer, struct hm_err *err)
{
	return hm_while(err, parse(cli, text, is_stdin_taken, ret_signer, err), "read the key");
}

enum hm_status hm_cli_key_load(struct hm_cli *cli, const char *name, bool is_stdin_taken, struct hm_signer *ret_signer,
			       struct hm_err *err)
{
	HM_OWN(hm_secret_buf_done) struct hm_buf file = { 0 };
	const char *where = hm_cli_key_elsewhere(name);
	struct hm_str text;

	if (where)
		return hm_fail(err, HM_R_UNSUPPORTED, "the key '%s': %s is not supported yet", name, where);
	if (strncmp(name, "env://", 6) == 0) {
		text = hm_str(getenv(name + 6));
		if (!text.len)
			return hm_fail(err, HM_R_USAGE, "the key '%s': there is no such variable", name);
	} else {
		enum hm_status st = hm_file_read(name, HM_MAX_CONFIG_FILE, &file, err);
		if (st != HM_OK)
			return hm_while(err, st, "read the key");
		text = hm_buf_str(&file);
	}
	return hm_at(err, hm_cli_key_read(cli, text, is_stdin_taken, ret_signer, err), name, 0, 0);
}
