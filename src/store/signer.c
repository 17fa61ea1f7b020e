#include "store/signer.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>

static enum hm_status read_private(const char *path, struct hm_buf *ret_text, struct hm_err *err)
{
	struct stat st;
	HM_OWN(hm_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return hm_fail_errno(err, errno, "open '%s'", path);
	if (fstat(fd, &st) != 0)
		return hm_fail_errno(err, errno, "look at '%s'", path);
	if (st.st_mode & 077)
		return hm_fail(err, HM_R_STORE_KEY_MODE, "'%s' has mode %03o", path, (unsigned)(st.st_mode & 0777));
	return hm_fd_read(fd, path, HM_MAX_CONFIG_FILE, ret_text, err);
}

enum hm_status hm_datadir_load_signer(const struct hm_datadir *dir, const char *name, struct hm_signer *ret_signer,
				      struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_datadir_path(dir, name);
	HM_OWN(hm_secret_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_CONFIG_FILE);

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", name);
	enum hm_status st = read_private(path, &text, err);
	if (st != HM_OK)
		return st;
	st = hm_signer_parse_text(hm_buf_str(&text), ret_signer, err);
	return hm_at(err, st, path, 0, 0);
}

static enum hm_status make_signer(const struct hm_datadir *dir, const char *name, enum hm_key_kind kind,
				  struct hm_signer *ret_signer, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_datadir_path(dir, name);
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	HM_OWN(hm_secret_done) struct hm_secret pem = { 0 };

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "make '%s'", name);
	enum hm_status st = hm_signer_generate(kind, 0, &signer, err);
	if (st == HM_OK)
		st = hm_signer_encode_pem(&signer, &pem, err);
	if (st == HM_OK)
		st = hm_file_save(path, hm_secret_str(&pem), 0600, err);
	if (st != HM_OK)
		return hm_while(err, st, "make a key");
	*ret_signer = signer;
	signer = (struct hm_signer){ 0 };
	return HM_OK;
}

enum hm_status hm_datadir_make_signer(const struct hm_datadir *dir, const char *name, enum hm_key_kind kind,
				      struct hm_signer *ret_signer, struct hm_err *err)
{
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	struct hm_err why = { 0 };

	if (dir->lock_fd < 0)
		return hm_fail(err, HM_R_BUG, "a key for '%s', which is not locked", dir->path);
	enum hm_status st = hm_datadir_load_signer(dir, name, &signer, &why);
	if (st == HM_ENOTFOUND)
		return make_signer(dir, name, kind, ret_signer, err);
	if (st != HM_OK) {
		if (err)
			*err = why;
		return st;
	}
	if (signer.key.kind != kind)
		return hm_fail(err, HM_R_KEY_DETAILS, "'%s/%s' is a key for %s and not for %s", dir->path, name,
			       hm_key_kind_name(signer.key.kind), hm_key_kind_name(kind));
	*ret_signer = signer;
	signer = (struct hm_signer){ 0 };
	return HM_OK;
}
