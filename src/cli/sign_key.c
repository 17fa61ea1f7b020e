#include "cli/sign_key.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "crypto/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>

static const char password_env[] = "COSIGN_PASSWORD";

/* Places of keys that cosign knows and this does not. */
static const char *const elsewhere[] = { "awskms://", "gcpkms://", "azurekms://", "hashivault://", "k8s://",
					 "gitlab://", "github://", "pkcs11:",     "http://",       "https://" };

static void wipe_done(struct hm_buf *text)
{
	if (text->ptr)
		hm_wipe(text->ptr, text->len);
	hm_buf_done(text);
}

/* --- the password --- */

/* One line from the terminal, which does not show it. */
static enum hm_status read_line(int tty, struct hm_secret *ret_line, struct hm_err *err)
{
	char line[1024];
	size_t len = 0;
	char c;
	ssize_t n;

	while ((n = read(tty, &c, 1)) == 1 && c != '\n' && len < sizeof(line))
		line[len++] = c;
	enum hm_status st = HM_OK;
	if (n < 0)
		st = hm_fail_errno(err, errno, "read the password");
	else if (len == sizeof(line))
		st = hm_fail(err, HM_R_LIMIT, "a password over %zu bytes", sizeof(line) - 1);
	else
		st = hm_secret_copy(hm_str_of(line, len), ret_line, err);
	hm_wipe(line, sizeof(line));
	return st;
}

static enum hm_status ask(struct hm_secret *ret_password, struct hm_err *err)
{
	static const char question[] = "Password of the private key: ";
	HM_OWN(hm_closep) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios shown, hidden;

	if (tty < 0 || tcgetattr(tty, &shown) != 0)
		return hm_fail(err, HM_R_USAGE, "the private key has a password: set %s, or run on a terminal",
			       password_env);
	hidden = shown;
	hidden.c_lflag &= (tcflag_t)~ECHO;
	if (tcsetattr(tty, TCSAFLUSH, &hidden) != 0)
		return hm_fail_errno(err, errno, "hide the password");
	enum hm_status st = hm_fd_write(tty, "/dev/tty", hm_str(question), err);
	if (st == HM_OK)
		st = read_line(tty, ret_password, err);
	(void)!hm_fd_write(tty, "/dev/tty", HM_STR("\n"), NULL);
	tcsetattr(tty, TCSAFLUSH, &shown);
	return st;
}

static enum hm_status decrypt(struct hm_str text, struct hm_signer *ret_signer, struct hm_err *err)
{
	HM_OWN(hm_secret_done) struct hm_secret asked = { 0 };
	const char *password = getenv(password_env);

	/* nobody types a password for what is no key */
	enum hm_status st = hm_keyfile_check(text, err);
	if (st == HM_OK && !password)
		st = ask(&asked, err);
	if (st != HM_OK)
		return st;
	return hm_keyfile_decrypt(text, password ? hm_str(password) : hm_secret_str(&asked), ret_signer, err);
}

/* --- the key --- */

static enum hm_status parse(struct hm_str text, struct hm_signer *ret_signer, struct hm_err *err)
{
	return hm_keyfile_is(text) ? decrypt(text, ret_signer, err) : hm_signer_parse_text(text, ret_signer, err);
}

static enum hm_status from_env(const char *name, struct hm_signer *ret_signer, struct hm_err *err)
{
	const char *text = getenv(name);

	if (!text || text[0] == '\0')
		return hm_fail(err, HM_R_USAGE, "env://%s: there is no such variable", name);
	return hm_while(err, parse(hm_str(text), ret_signer, err), "read the key in %s", name);
}

enum hm_status hm_cli_sign_key_open(const char *key, struct hm_signer *ret_signer, struct hm_err *err)
{
	HM_OWN(wipe_done) struct hm_buf text = { 0 };

	if (strncmp(key, "-----BEGIN", 10) == 0)
		return hm_while(err, parse(hm_str(key), ret_signer, err), "read the key");
	if (strncmp(key, "env://", 6) == 0)
		return from_env(key + 6, ret_signer, err);
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
		if (strncmp(key, elsewhere[i], strlen(elsewhere[i])) == 0)
			return hm_fail(err, HM_R_UNSUPPORTED, "keys at %s are not supported yet", elsewhere[i]);
	}
	enum hm_status st = hm_file_read(key, HM_MAX_CONFIG_FILE, &text, err);
	if (st == HM_OK)
		st = parse(hm_buf_str(&text), ret_signer, err);
	return hm_while(err, st, "read the key '%s'", key);
}
