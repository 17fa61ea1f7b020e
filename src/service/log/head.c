#include "base/file.h"
#include "base/own.h"
#include "service/log/parts.h"

#include <errno.h>
#include <fcntl.h>

static enum hm_status verify(const struct hm_log *log, struct hm_log_head *head, struct hm_err *err)
{
	struct hm_tlog_verified_checkpoint checkpoint;

	enum hm_status st = hm_tlog_checkpoint_verify(hm_str_of(head->note, head->note_len), hm_str(log->origin),
						      &log->verifier, 1, &checkpoint, err);
	if (st == HM_OK)
		head->tree = checkpoint.is.head;
	return st;
}

/* Whoever wrote it may have died before it was on disk; what we build on it must not be more durable than it is. */
static enum hm_status sync_checkpoint(const char *dir, const char *path, struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return hm_fail_errno(err, errno, "open '%s'", path);
	if (fsync(fd) != 0)
		return hm_fail_errno(err, errno, "sync '%s'", path);
	return hm_dir_sync(dir, err);
}

static bool is_older(const struct hm_tlog_head *a, const struct hm_tlog_head *b)
{
	return a->size < b->size || (a->size == b->size && memcmp(a->root.b, b->root.b, HM_HASH_LEN) != 0);
}

static enum hm_status take_new(struct hm_log *log, const char *path, const struct hm_buf *note, struct hm_err *err)
{
	struct hm_log_head head = { .note_len = note->len };

	memcpy(head.note, note->ptr, note->len);
	enum hm_status st = verify(log, &head, err);
	if (st == HM_OK)
		st = sync_checkpoint(log->dir, path, err);
	if (st != HM_OK)
		return hm_while(err, st, "read '%s'", path);
	if (log->has_head && is_older(&head.tree, &log->head.tree))
		return hm_fail(err, HM_R_LOG_ROLLBACK, "'%s' has %llu entries; a moment ago it had %llu", path,
			       (unsigned long long)head.tree.size, (unsigned long long)log->head.tree.size);
	log->head = head;
	log->has_head = true;
	return HM_OK;
}

/* The file is read each time, for another process may have written it; it is checked when it has changed. */
static enum hm_status refresh(struct hm_log *log, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/checkpoint", log->dir);
	HM_OWN(hm_buf_done) struct hm_buf note = hm_buf_init(HM_MAX_LOG_CHECKPOINT);
	struct hm_err why = { 0 };

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "read the checkpoint");
	enum hm_status st = hm_file_read(path, HM_MAX_LOG_CHECKPOINT, &note, &why);
	if (st == HM_ENOTFOUND)
		return hm_fail(err, HM_R_LOG_LOST, "'%s' is missing", path);
	if (st != HM_OK) {
		if (err)
			*err = why;
		return st;
	}
	if (log->has_head && hm_str_eq(hm_buf_str(&note), hm_str_of(log->head.note, log->head.note_len)))
		return HM_OK;
	return take_new(log, path, &note, err);
}

enum hm_status hm_log_load_head(struct hm_log *log, struct hm_log_head *ret_head, struct hm_err *err)
{
	pthread_mutex_lock(&log->head_lock);
	enum hm_status st = refresh(log, err);
	if (st == HM_OK)
		*ret_head = log->head;
	pthread_mutex_unlock(&log->head_lock);
	return st;
}

enum hm_status hm_log_sign_head(const struct hm_log *log, const struct hm_tlog_head *tree, struct hm_log_head *ret_head,
				struct hm_err *err)
{
	const struct hm_tlog_checkpoint checkpoint = { .origin = hm_str(log->origin), .head = *tree };
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_LOG_CHECKPOINT);
	HM_OWN(hm_buf_done) struct hm_buf note = hm_buf_init(HM_MAX_LOG_CHECKPOINT);
	struct hm_log_head head = { 0 };

	enum hm_status st = hm_tlog_checkpoint_encode(&checkpoint, &text, err);
	if (st == HM_OK)
		st = hm_buf_check(&text, "a checkpoint", err);
	if (st == HM_OK)
		st = hm_tlog_note_sign(hm_buf_str(&text), hm_str(log->origin), &log->signer, &note, err);
	if (st == HM_OK)
		st = hm_buf_check(&note, "a checkpoint", err);
	if (st != HM_OK)
		return st;
	memcpy(head.note, note.ptr, note.len);
	head.note_len = note.len;
	st = verify(log, &head, err);
	if (st == HM_OK)
		*ret_head = head;
	return hm_while(err, st, "check the new checkpoint");
}

enum hm_status hm_log_save_head(struct hm_log *log, const struct hm_log_head *head, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/checkpoint", log->dir);

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "write the checkpoint");
	pthread_mutex_lock(&log->head_lock);
	enum hm_status st = hm_file_save(path, hm_str_of(head->note, head->note_len), 0644, err);
	if (st == HM_OK) {
		log->head = *head;
		log->has_head = true;
	}
	pthread_mutex_unlock(&log->head_lock);
	return st;
}
