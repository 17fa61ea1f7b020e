#include "cli/password.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, DELETE = 127 };

/* Key by key, so that whatever happens here the terminal gets its old settings back. */
static enum hm_status read_keys(int tty, struct hm_buf *line, struct hm_err *err)
{
	for (;;) {
		char c;
		ssize_t n = read(tty, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hm_fail_errno(err, errno, "read from the terminal");
		if (n == 0 || c == '\n' || c == '\r' || (c == CTRL_D && line->len == 0))
			return hm_buf_check(line, "a password", err);
		if (c == CTRL_C)
			return hm_fail(err, HM_R_INTERRUPTED, "no password was given");
		if (c != BACKSPACE && c != DELETE)
			hm_buf_add_char(line, c);
		else if (line->len > 0)
			line->len--;
	}
}

static enum hm_status ask(int tty, const char *question, struct hm_buf *line, struct hm_err *err)
{
	struct termios before, quiet;

	if (tcgetattr(tty, &before) != 0)
		return hm_fail_errno(err, errno, "ask the terminal");
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	enum hm_status st = hm_fd_write(tty, "the terminal", hm_str(question), err);
	if (st == HM_OK && tcsetattr(tty, TCSAFLUSH, &quiet) != 0)
		return hm_fail_errno(err, errno, "ask the terminal");
	if (st == HM_OK)
		st = read_keys(tty, line, err);
	tcsetattr(tty, TCSAFLUSH, &before);
	enum hm_status wrote = hm_fd_write(tty, "the terminal", HM_STR("\n"), NULL);
	(void)wrote;
	return st;
}

/* A buffer moves when it grows and would leave parts of a password behind: it gets all its room at once. */
static struct hm_buf quiet_buf(void)
{
	struct hm_buf buf = hm_buf_init(HM_MAX_PASSWORD);

	if (hm_buf_add_space(&buf, HM_MAX_PASSWORD))
		hm_buf_clear(&buf);
	return buf;
}

static enum hm_status from_terminal(int tty, bool is_new, struct hm_secret *ret_password, struct hm_err *err)
{
	HM_OWN(hm_secret_buf_done) struct hm_buf first = quiet_buf();
	HM_OWN(hm_secret_buf_done) struct hm_buf again = quiet_buf();

	enum hm_status st = ask(tty, "Enter password for private key: ", &first, err);
	if (st == HM_OK && is_new) {
		st = ask(tty, "Enter password for private key again: ", &again, err);
		if (st == HM_OK && (first.len != again.len || !hm_secret_eq(first.ptr, again.ptr, first.len)))
			return hm_fail(err, HM_R_USAGE, "the two passwords differ");
	}
	return st == HM_OK ? hm_secret_copy(hm_buf_str(&first), ret_password, err) : st;
}

static enum hm_status from_stdin(struct hm_secret *ret_password, struct hm_err *err)
{
	HM_OWN(hm_secret_buf_done) struct hm_buf all = quiet_buf();
	ssize_t n;

	do {
		n = hm_buf_fill(&all, STDIN_FILENO);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return hm_fail_errno(err, errno, "read a password from standard input");
	enum hm_status st = hm_buf_check(&all, "a password", err);
	return st == HM_OK ? hm_secret_copy(hm_buf_str(&all), ret_password, err) : st;
}

enum hm_status hm_cli_password(struct hm_cli *cli, bool is_new, bool is_stdin_taken, struct hm_secret *ret_password,
			       struct hm_err *err)
{
	const char *given = getenv("COSIGN_PASSWORD");

	(void)cli;
	if (given)
		return hm_secret_copy(hm_str(given), ret_password, err);
	if (isatty(STDIN_FILENO) || is_stdin_taken) {
		HM_OWN(hm_closep) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
		if (tty >= 0)
			return from_terminal(tty, is_new, ret_password, err);
		return hm_fail(err, HM_R_USAGE, "the private key's password is wanted: set COSIGN_PASSWORD");
	}
	return from_stdin(ret_password, err);
}

enum hm_status hm_cli_confirm(struct hm_cli *cli, const char *question, const char *refusal, struct hm_err *err)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return hm_fail(err, HM_R_FILE_EXISTS, "%s", refusal);
	fprintf(cli->log, "%s [y/N] ", question);
	fflush(cli->log);
	if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return hm_fail(err, HM_R_FILE_EXISTS, "%s", refusal);
	return HM_OK;
}
