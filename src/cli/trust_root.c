#include "cli/trust_root.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"

#include <sys/stat.h>

/* XDG Base Directory Specification: a relative path in the variable counts as none. */
static char *local_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && state[0] == '/')
		return hm_asprintf("%s/hallmark/trusted_root.json", state);
	return home && home[0] == '/' ? hm_asprintf("%s/.local/state/hallmark/trusted_root.json", home) : NULL;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void note(struct hm_cli *cli, const char *path, const char *name)
{
	HM_OWN(hm_freep) char *local = local_path();

	hm_strv_addf(&cli->notes, "trust root: %s", name);
	if (local && hm_path_is_file(local) && !(path && is_same_file(path, local)))
		hm_strv_addf(&cli->notes, "what was signed on this machine has the trust root '%s'", local);
}

static enum hm_status read_root(const char *path, struct hm_trust **ret_trust, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };

	enum hm_status st = hm_file_read(path, HM_MAX_TRUSTED_ROOT, &text, err);
	if (st == HM_OK)
		st = hm_at(err, hm_trust_parse(hm_buf_str(&text), ret_trust, err), path, 0, 0);
	return st;
}

enum hm_status hm_cli_trust_open(struct hm_cli *cli, const char *path, struct hm_cli_trust *ret_trust,
				 struct hm_err *err)
{
	HM_OWN(hm_cli_trust_done) struct hm_cli_trust trust = { 0 };
	struct hm_str built_in = hm_str_of(hm_cli_public_good_root, hm_cli_public_good_root_len);

	trust.name = path                ? hm_asprintf("'%s'", path)
		     : built_in.len == 0 ? hm_asprintf("none was named, and none is built in")
					 : hm_asprintf("that of the public-good instance, built in");
	if (!trust.name)
		return hm_fail(err, HM_R_NO_MEMORY, "open the trust root");
	note(cli, path, trust.name);
	if (!path && built_in.len == 0)
		return hm_fail(
		    err, HM_R_TRUST_NONE,
		    "no trust root was named, and this program was built without the public-good instance's");
	enum hm_status st = path ? read_root(path, &trust.trust, err) : hm_trust_parse(built_in, &trust.trust, err);
	if (st != HM_OK)
		return hm_while(err, st, "open the trust root");
	*ret_trust = trust;
	trust = (struct hm_cli_trust){ 0 };
	return HM_OK;
}

enum hm_status hm_cli_trust_nobody(struct hm_cli_trust *ret_trust, struct hm_err *err)
{
	static const struct hm_trusted_root nobody;
	HM_OWN(hm_cli_trust_done) struct hm_cli_trust trust = { .name = hm_asprintf("none, the key alone") };

	if (!trust.name)
		return hm_fail(err, HM_R_NO_MEMORY, "a trust root");
	enum hm_status st = hm_trust_new(&nobody, &trust.trust, err);
	if (st != HM_OK)
		return st;
	*ret_trust = trust;
	trust = (struct hm_cli_trust){ 0 };
	return HM_OK;
}

void hm_cli_trust_done(struct hm_cli_trust *trust)
{
	if (!trust)
		return;
	hm_trust_free(trust->trust);
	free(trust->name);
	*trust = (struct hm_cli_trust){ 0 };
}
