#include "cli/run_surroundings.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "pipeline/mask.h"
#include "http/url.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Where steps see things. */
#define SEEN_GO       "/usr/local/go"
#define SEEN_HALLMARK "/usr/local/bin/hallmark"
#define SEEN_TRUST    "/etc/hallmark/trusted_root.json"
#define SEEN_MODULES  "/caller/modules"
#define SEEN_NETRC    "/home/step/.netrc"

/* How long `go env` may take. */
static const int64_t go_timeout_ms = 60000;

/* Shorter ones are in every other word, and would make logs unreadable. */
#define HM_MIN_SECRET 4

#define STEP_PATH "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

/* Of the caller's environment, what a fetch needs to get through; values of the second are files that it must see. */
static const char *const proxies[] = { "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
				       "http_proxy", "https_proxy", "no_proxy", "all_proxy" };
static const char *const ca_files[] = { "SSL_CERT_DIR", "SSL_CERT_FILE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE" };

static void view_done(struct hm_run_view *view)
{
	hm_strv_done(&view->env);
}

void hm_run_surround_done(struct hm_run_surround *s)
{
	hm_golang_env_done(&s->go);
	free(s->program);
	free(s->secrets);
	view_done(&s->plain);
	view_done(&s->network);
	view_done(&s->shipped_network);
	hm_arena_done(&s->arena);
}

static void add_mount(struct hm_run_view *view, enum hm_sandbox_mount_kind kind, const char *source, const char *target)
{
	if (view->mount_count < HM_RUN_MAX_MOUNTS)
		view->mounts[view->mount_count++] =
		    (struct hm_sandbox_mount){ .kind = kind, .source = source, .target = target };
}

/* A path as the arena's, without links, or NULL where it is not there. */
static const char *real(struct hm_run_surround *s, const char *path)
{
	HM_OWN(hm_freep) char *found = NULL;

	if (hm_path_resolve(path, &found, NULL) != HM_OK)
		return NULL;
	return hm_arena_printf(&s->arena, "%s", found).ptr;
}

/* The folder with the go command as steps see it. What lies in /usr is seen where it lies. */
static const char *place_go(struct hm_run_surround *s, struct hm_run_view *view)
{
	const char *root = real(s, s->go.goroot);

	if (!root || hm_path_is_within(root, "/usr") || !s->is_isolated)
		return hm_arena_printf(&s->arena, "%s/bin", root ? root : s->go.goroot).ptr;
	add_mount(view, HM_SANDBOX_READ_ONLY, root, SEEN_GO);
	return SEEN_GO "/bin";
}

/* hallmark itself, as the one command `hallmark`; without a sandbox as a link, for its own file has another name. */
static const char *place_program(struct hm_run_surround *s, struct hm_run_view *view)
{
	const char *path = real(s, s->program);

	if (!s->is_isolated)
		return hm_arena_printf(&s->arena, "%s/bin", s->run_dir).ptr;
	if (path)
		add_mount(view, HM_SANDBOX_READ_ONLY, path, SEEN_HALLMARK);
	return NULL;
}

static enum hm_status link_program(const struct hm_run_surround *s, struct hm_err *err)
{
	HM_OWN(hm_freep) char *folder = hm_asprintf("%s/bin", s->run_dir);
	HM_OWN(hm_freep) char *link = hm_asprintf("%s/bin/hallmark", s->run_dir);

	if (!folder || !link)
		return hm_fail(err, HM_R_NO_MEMORY, "what steps see");
	enum hm_status st = hm_dir_make(folder, 0755, err);
	if (st == HM_OK && symlink(s->program, link) != 0)
		st = hm_fail_errno(err, errno, "link '%s'", link);
	return st;
}

static void place_trust(struct hm_run_surround *s, struct hm_run_view *view)
{
	if (s->is_isolated && view->mount_count < HM_RUN_MAX_MOUNTS)
		view->mounts[view->mount_count++] = (struct hm_sandbox_mount){ .kind = HM_SANDBOX_FILE,
									       .target = SEEN_TRUST,
									       .content = s->trusted_root };
	hm_strv_setenv(&view->env, "HALLMARK_TRUSTED_ROOT", s->is_isolated ? SEEN_TRUST : s->trusted_root_file);
}

static enum hm_status lay_plain(struct hm_run_surround *s, struct hm_run_view *view, struct hm_err *err)
{
	const char *go = place_go(s, view), *program = place_program(s, view);

	if (!go)
		return hm_fail(err, HM_R_NO_MEMORY, "what steps see");
	hm_strv_setenv(
	    &view->env, "PATH",
	    hm_arena_printf(&s->arena, "%s%s%s:" STEP_PATH, go, program ? ":" : "", program ? program : "").ptr);
	place_trust(s, view);
	return hm_strv_check(&view->env, err);
}

static enum hm_status add_secret(struct hm_run_surround *s, struct hm_str secret, struct hm_err *err)
{
	if (secret.len < HM_MIN_SECRET)
		return HM_OK;
	for (size_t i = 0; i < s->secret_count; i++) {
		if (hm_str_eq(s->secrets[i], secret))
			return HM_OK;
	}
	if (!hm_grow(&s->secrets, &s->secret_cap, s->secret_count + 1, sizeof(s->secrets[0])))
		return hm_fail(err, HM_R_NO_MEMORY, "secrets");
	s->secrets[s->secret_count++] = secret;
	return HM_OK;
}

/* The password in "scheme://user:password@host", or a token that stands where the user does. */
static enum hm_status add_url_secret(struct hm_run_surround *s, struct hm_str url, struct hm_err *err)
{
	struct hm_str found = hm_url_user(url), user, password;

	if (!found.ptr)
		return HM_OK;
	found = hm_arena_dup(&s->arena, found);
	if (!found.ptr)
		return hm_fail(err, HM_R_NO_MEMORY, "secrets");
	return add_secret(s, hm_str_cut(found, ':', &user, &password) ? password : found, err);
}

enum hm_status hm_run_surround_add_url(struct hm_run_surround *s, struct hm_str url, struct hm_err *err)
{
	/* "ssh://git@host" and "git@host:path" name no secret: everybody is git there */
	if (hm_str_has_prefix(url, HM_STR("http://")) || hm_str_has_prefix(url, HM_STR("https://")))
		return add_url_secret(s, url, err);
	return HM_OK;
}

enum hm_status hm_run_surround_mask(struct hm_run_surround *s, struct hm_str text, struct hm_str *ret_text,
				    struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MAX_RUN_RECORD);
	struct hm_mask mask = { 0 };
	enum hm_status st = hm_mask_init(&mask, s->secrets, s->secret_count, err);
	struct hm_masker masker = hm_masker_init(&mask);

	if (st == HM_OK)
		st = hm_masker_add(&masker, text, true, &out, err);
	if (st == HM_OK)
		st = hm_buf_check(&out, "a param", err);
	if (st == HM_OK)
		*ret_text = hm_arena_dup(&s->arena, hm_buf_str(&out));
	hm_masker_done(&masker);
	hm_mask_done(&mask);
	return st == HM_OK ? hm_arena_check(&s->arena, "a param", err) : st;
}

static enum hm_status add_list_secrets(struct hm_run_surround *s, const char *list, struct hm_err *err)
{
	struct hm_str rest = hm_str(list), part;
	enum hm_status st = HM_OK;
	size_t len;

	while (rest.len && st == HM_OK) {
		for (len = 0; len < rest.len && rest.ptr[len] != ',' && rest.ptr[len] != '|'; len++)
			;
		part = hm_str_head(rest, len);
		st = add_url_secret(s, part, err);
		rest = hm_str_skip(rest, len < rest.len ? len + 1 : len);
	}
	return st;
}

static bool next_word(struct hm_str *text, struct hm_str *ret_word)
{
	size_t len = 0;

	while (text->len && strchr(" \t\r\n", text->ptr[0]))
		*text = hm_str_skip(*text, 1);
	while (len < text->len && !strchr(" \t\r\n", text->ptr[len]))
		len++;
	*ret_word = hm_str_head(*text, len);
	*text = hm_str_skip(*text, len);
	return len > 0;
}

/* Words behind "password" in a netrc. */
static enum hm_status add_netrc_secrets(struct hm_run_surround *s, struct hm_str text, struct hm_err *err)
{
	enum hm_status st = HM_OK;
	struct hm_str word;

	while (st == HM_OK && next_word(&text, &word)) {
		if (hm_str_is(word, "password") && next_word(&text, &word))
			st = add_secret(s, word, err);
	}
	return st;
}

static enum hm_status place_netrc(struct hm_run_surround *s, struct hm_run_view *view, struct hm_err *err)
{
	const char *named = getenv("NETRC"), *home = getenv("HOME");
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	const char *path = named && named[0] ? named
			   : home && home[0] ? hm_arena_printf(&s->arena, "%s/.netrc", home).ptr
					     : NULL;

	if (!path || !hm_path_is_file(path))
		return HM_OK;
	enum hm_status st = hm_file_read(path, HM_MAX_CONFIG_FILE, &text, err);
	if (st != HM_OK)
		return st;
	/* as a file of its own: the machine's may lie anywhere, and be a link */
	struct hm_str content = hm_arena_dup(&s->arena, hm_buf_str(&text));
	st = add_netrc_secrets(s, content, err);
	if (s->is_isolated && view->mount_count < HM_RUN_MAX_MOUNTS)
		view->mounts[view->mount_count++] = (struct hm_sandbox_mount){
			.kind = HM_SANDBOX_FILE, .target = SEEN_NETRC, .content = content, .mode = 0600
		};
	hm_strv_setenv(&view->env, "NETRC", s->is_isolated ? SEEN_NETRC : path);
	return st;
}

/* Whether a path is seen anyway: the sandbox shows /etc/ssl/certs, and a folder that was added may hold it. */
static bool is_seen(const struct hm_run_view *view, const char *path)
{
	if (hm_path_is_within(path, "/usr") || hm_path_is_within(path, "/etc/ssl/certs"))
		return true;
	for (size_t i = 0; i < view->mount_count; i++) {
		if (hm_path_is_within(path, view->mounts[i].target))
			return true;
	}
	return false;
}

static void place_ca(struct hm_run_surround *s, struct hm_run_view *view)
{
	for (size_t i = 0; i < sizeof(ca_files) / sizeof(ca_files[0]); i++) {
		const char *value = getenv(ca_files[i]), *path = value && value[0] ? real(s, value) : NULL;
		if (!path)
			continue;
		if (s->is_isolated && !is_seen(view, path))
			add_mount(view, HM_SANDBOX_READ_ONLY, path, path);
		hm_strv_setenv(&view->env, ca_files[i], path);
	}
}

static enum hm_status lay_network(struct hm_run_surround *s, struct hm_run_view *view, struct hm_err *err)
{
	enum hm_status st = lay_plain(s, view, err);

	for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]) && st == HM_OK; i++) {
		const char *value = getenv(proxies[i]);
		if (value && value[0]) {
			hm_strv_setenv(&view->env, proxies[i], value);
			st = add_url_secret(s, hm_str(value), err);
		}
	}
	place_ca(s, view);
	return st == HM_OK ? hm_strv_check(&view->env, err) : st;
}

/* The caller's own module cache is asked first: what is in it need not be fetched again. */
static const char *place_modules(struct hm_run_surround *s, struct hm_run_view *view)
{
	const char *path =
	    s->go.gomodcache[0] ? real(s, hm_arena_printf(&s->arena, "%s/cache/download", s->go.gomodcache).ptr) : NULL;

	if (!path)
		return NULL;
	if (s->is_isolated)
		add_mount(view, HM_SANDBOX_READ_ONLY, path, SEEN_MODULES);
	return s->is_isolated ? SEEN_MODULES : path;
}

static void add_fact(struct hm_run_surround *s, const char *name, const char *value)
{
	s->facts[s->fact_count++] = (struct hm_run_pair){ name, value ? value : "" };
}

static enum hm_status lay_shipped_network(struct hm_run_surround *s, struct hm_err *err)
{
	struct hm_run_view *view = &s->shipped_network;
	enum hm_status st = lay_network(s, view, err);

	if (st == HM_OK)
		st = place_netrc(s, view, err);
	if (st != HM_OK)
		return st;
	const char *modules = place_modules(s, view), *proxy = s->go.goproxy;
	st = add_list_secrets(s, proxy, err);
	if (st != HM_OK)
		return st;
	if (modules && proxy[0] && strcmp(proxy, "off") != 0)
		proxy = hm_arena_printf(&s->arena, "file://%s,%s", modules, proxy).ptr;
	else if (modules)
		proxy = hm_arena_printf(&s->arena, "file://%s,off", modules).ptr;
	add_fact(s, "GOPROXY", proxy);
	add_fact(s, "GOPRIVATE", s->go.goprivate);
	add_fact(s, "GONOPROXY", s->go.gonoproxy);
	add_fact(s, "GOSUMDB", s->go.gosumdb);
	add_fact(s, "GONOSUMDB", s->go.gonosumdb);
	add_fact(s, "GOINSECURE", s->go.goinsecure);
	/* git refuses to read what another user owns unless it is told that this is meant */
	if (s->local_git && s->is_isolated) {
		add_mount(view, HM_SANDBOX_READ_ONLY, s->local_git, s->local_git);
		if (view->mount_count < HM_RUN_MAX_MOUNTS)
			view->mounts[view->mount_count++] =
			    (struct hm_sandbox_mount){ .kind = HM_SANDBOX_FILE,
						       .target = "/etc/gitconfig",
						       .content = HM_STR("[safe]\n\tdirectory = *\n") };
	}
	return hm_strv_check(&view->env, err);
}

enum hm_status hm_run_surround_open(struct hm_run_surround *s, const char *program, struct hm_err *err)
{
	s->arena = hm_arena_init(HM_MAX_RUN_RECORD);
	/* not in the module: there a toolchain that go.mod asks for would be fetched, outside of every sandbox */
	enum hm_status st = hm_golang_find_go(NULL, NULL, "/", go_timeout_ms, NULL, &s->go, err);
	if (st == HM_OK)
		st = hm_str_dup(hm_str(program), &s->program, err);
	if (st == HM_OK && !s->is_isolated)
		st = link_program(s, err);
	if (st == HM_OK)
		st = lay_plain(s, &s->plain, err);
	if (st == HM_OK)
		st = lay_network(s, &s->network, err);
	if (st == HM_OK)
		st = lay_shipped_network(s, err);
	if (st == HM_OK)
		st = hm_arena_check(&s->arena, "what steps see", err);
	return st;
}

enum hm_status hm_run_surround_task(void *ctx, const struct hm_pipeline_task *task, bool has_network,
				    struct hm_run_surroundings *ret_surroundings, struct hm_err *err)
{
	struct hm_run_surround *s = ctx;
	const struct hm_run_view *view = !has_network                                         ? &s->plain
					 : task->task->is_shipped && task->task->uses_network ? &s->shipped_network
											      : &s->network;

	(void)err;
	ret_surroundings->mounts = view->mounts;
	ret_surroundings->mount_count = s->is_isolated ? view->mount_count : 0;
	ret_surroundings->env = (const char *const *)view->env.v;
	return HM_OK;
}
