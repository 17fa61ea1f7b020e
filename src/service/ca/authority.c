#include "service/ca/authority.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/own.h"
#include "base/time.h"
#include "crypto/der.h"
#include "crypto/oid.h"
#include "crypto/sct.h"
#include "crypto/x509_make.h"
#include "store/signer.h"

#include <stdio.h>

/* The root holds for ten years; so does the intermediate, which is what a trust root's owner looks at. */
static const int64_t ca_lifetime_s = INT64_C(3652) * 24 * 3600;

void hm_authority_done(struct hm_authority *authority)
{
	if (!authority)
		return;
	free(authority->dir);
	hm_signer_done(&authority->signer);
	hm_buf_done(&authority->root);
	hm_buf_done(&authority->intermediate);
	hm_ctlog_done(&authority->ctlog);
	*authority = (struct hm_authority){ 0 };
}

/* --- its own certificates --- */

/* One of the two: the root is its own issuer. */
struct ca_cert {
	const char *file; /* in the directory */
	const char *title;
	enum hm_profile profile;
	const struct hm_key *key;
	const struct hm_cert *issuer; /* NULL: itself */
	const struct hm_signer *signer;
};

static enum hm_status make_cert(const struct hm_authority *authority, const char *organization,
				const struct ca_cert *what, struct hm_buf *der, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT), subject = hm_buf_init(HM_MAX_CERT);
	char id[9], title[64];

	/* two states' names differ, so that nobody takes one root for the other */
	hm_hex_write(id, what->key->id.b, 4);
	snprintf(title, sizeof(title), "%s %s", what->title, id);
	const struct hm_name name = { hm_str(organization), hm_str(title) };
	hm_name_encode(&subject, &name);
	enum hm_status st = hm_buf_check(&subject, "a name", err);
	if (st == HM_OK)
		st = hm_ext_add_profile(&exts, what->profile, what->key, what->issuer, err);
	if (st != HM_OK)
		return st;
	const int64_t now_s = hm_now_s(authority->fx);
	struct hm_cert_spec spec = { .key = what->key,
				     .subject = hm_buf_str(&subject),
				     .issuer = what->issuer ? what->issuer->subject : hm_buf_str(&subject),
				     .not_before_s = what->issuer ? what->issuer->not_before_s : now_s,
				     .not_after_s = what->issuer ? what->issuer->not_after_s : now_s + ca_lifetime_s,
				     .exts = hm_buf_str(&exts) };
	st = hm_cert_serial(authority->fx, spec.serial, err);
	return st == HM_OK ? hm_cert_make(&spec, what->signer, der, err) : st;
}

static enum hm_status save_cert(const char *path, struct hm_str der, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(2 * HM_MAX_CERT);

	hm_cert_encode_pem(der, &pem);
	enum hm_status st = hm_buf_check(&pem, "a certificate", err);
	return st == HM_OK ? hm_file_save(path, hm_buf_str(&pem), 0644, err) : st;
}

static enum hm_status load_cert(const char *path, struct hm_buf *der, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	HM_OWN(hm_secret_done) struct hm_secret found = { 0 };
	size_t count;

	enum hm_status st = hm_file_read(path, HM_MAX_CONFIG_FILE, &text, err);
	if (st == HM_OK)
		st = hm_at(err, hm_cert_read_pem(hm_buf_str(&text), &found, 1, &count, err), path, 0, 0);
	if (st != HM_OK)
		return st;
	hm_buf_add_str(der, hm_secret_str(&found));
	return hm_buf_check(der, "a certificate", err);
}

/* Read a certificate, or make it and read what was made. It must be for its key, and by its issuer's. */
static enum hm_status have_cert(const struct hm_authority *authority, const char *organization,
				const struct ca_cert *what, struct hm_buf *der, struct hm_cert *ret_cert,
				struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", authority->dir, what->file);
	enum hm_status st = HM_OK;

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", authority->dir);
	*der = hm_buf_init(HM_MAX_CERT);
	if (hm_path_is_there(path)) {
		st = load_cert(path, der, err);
	} else {
		st = make_cert(authority, organization, what, der, err);
		if (st == HM_OK)
			st = save_cert(path, hm_buf_str(der), err);
	}
	if (st == HM_OK)
		st = hm_at(err, hm_cert_parse(hm_buf_str(der), ret_cert, err), path, 0, 0);
	if (st != HM_OK)
		return st;
	if (!hm_str_eq(ret_cert->spki, what->key->spki))
		return hm_fail(err, HM_R_CA_STATE, "'%s' is for another key", path);
	const struct hm_cert *issuer = what->issuer ? what->issuer : ret_cert;
	if (!hm_str_eq(ret_cert->issuer, issuer->subject) ||
	    hm_cert_verify(ret_cert, &what->signer->key, NULL) == HM_EVERIFY)
		return hm_fail(err, HM_R_CA_STATE, "'%s' was issued by another certificate", path);
	return HM_OK;
}

/* What a key made counts only with that key: a new one would be another's. */
static enum hm_status have_key(const struct hm_datadir *dir, const char *name, const char *made,
			       struct hm_signer *ret_signer, struct hm_err *err)
{
	HM_OWN(hm_freep) char *key_path = hm_datadir_path(dir, name);
	HM_OWN(hm_freep) char *made_path = hm_datadir_path(dir, made);

	if (!key_path || !made_path)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", dir->path);
	if (!hm_path_is_there(key_path) && hm_path_is_there(made_path))
		return hm_fail(err, HM_R_CA_STATE, "'%s' is there and its key '%s' is not", made_path, name);
	return hm_datadir_make_signer(dir, name, HM_KEY_P256, ret_signer, err);
}

static enum hm_status have_certs(struct hm_authority *authority, const struct hm_datadir *dir, const char *organization,
				 struct hm_err *err)
{
	HM_OWN(hm_signer_done) struct hm_signer root = { 0 };

	enum hm_status st = have_key(dir, "root-key.pem", "root.pem", &root, err);
	if (st == HM_OK)
		st = have_key(dir, "intermediate-key.pem", "intermediate.pem", &authority->signer, err);
	if (st != HM_OK)
		return st;
	const struct ca_cert root_is = { "root.pem", "root", HM_PROFILE_ROOT, &root.key, NULL, &root };
	st = have_cert(authority, organization, &root_is, &authority->root, &authority->root_cert, err);
	if (st != HM_OK)
		return st;
	const struct ca_cert intermediate_is = { "intermediate.pem",         "intermediate",
						 HM_PROFILE_CODE_SIGNING_CA, &authority->signer.key,
						 &authority->root_cert,      &root };
	return have_cert(authority, organization, &intermediate_is, &authority->intermediate,
			 &authority->intermediate_cert, err);
}

static enum hm_status check_lifetime(const struct hm_authority *authority, int64_t now_s, struct hm_err *err)
{
	const struct hm_cert *certs[] = { &authority->root_cert, &authority->intermediate_cert };

	for (size_t i = 0; i < 2; i++) {
		if (now_s < certs[i]->not_before_s || now_s + HM_CA_LIFETIME_S > certs[i]->not_after_s)
			return hm_fail(err, HM_R_CA_EXPIRED, "the CA's %s certificate does not hold now",
				       i == 0 ? "root" : "intermediate");
	}
	return HM_OK;
}

static enum hm_status open_ctlog(struct hm_authority *authority, const struct hm_datadir *dir, struct hm_err *err)
{
	HM_OWN(hm_freep) char *folder = hm_datadir_path(dir, "ct");
	struct hm_signer signer = { 0 };

	if (!folder)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", dir->path);
	enum hm_status st = have_key(dir, "ct-key.pem", "ct", &signer, err);
	return st == HM_OK ? hm_ctlog_open(folder, &signer, &authority->ctlog, err) : st;
}

enum hm_status hm_authority_open(const char *dir, const char *organization, const struct hm_effects *fx,
				 struct hm_authority *ret_authority, struct hm_err *err)
{
	HM_OWN(hm_datadir_done) struct hm_datadir data = { .lock_fd = -1 };
	HM_OWN(hm_authority_done) struct hm_authority authority = { .dir = hm_asprintf("%s", dir), .fx = fx };

	if (!authority.dir)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", dir);
	enum hm_status st = hm_datadir_open(dir, "hallmark-ca", 1, HM_DATADIR_WAIT, &data, err);
	if (st == HM_OK)
		st = have_certs(&authority, &data, organization, err);
	if (st == HM_OK)
		st = check_lifetime(&authority, hm_now_s(fx), err);
	if (st == HM_OK)
		st = open_ctlog(&authority, &data, err);
	if (st != HM_OK)
		return st;
	*ret_authority = authority;
	authority = (struct hm_authority){ 0 };
	return HM_OK;
}

/* --- issuing --- */

/* Fulcio's OID below 1.3.6.1.4.1.57264.1 */
static struct hm_str fulcio_oid(char ret_oid[16], unsigned number)
{
	const struct hm_str arc = HM_OID_FULCIO;

	memcpy(ret_oid, arc.ptr, arc.len);
	ret_oid[arc.len] = (char)number;
	return hm_str_of(ret_oid, arc.len + 1);
}

/* From .8 on a claim is a DER UTF8String; an empty one is left out. */
static void add_claim(struct hm_buf *exts, unsigned number, struct hm_str text)
{
	HM_OWN(hm_buf_done) struct hm_buf value = hm_buf_init(HM_MAX_CERT);
	char oid[16];

	if (!text.len)
		return;
	hm_der_add(&value, HM_DER_UTF8, text);
	if (value.status != HM_OK)
		exts->status = value.status;
	hm_ext_add(exts, fulcio_oid(oid, number), false, hm_buf_str(&value));
}

/* The order is Fulcio's: key usages and ids, the name, issuer in its old and its new form, subject. */
static enum hm_status write_exts(const struct hm_authority *authority, const struct hm_key *key,
				 const struct hm_ca_identity *identity, struct hm_buf *exts, struct hm_err *err)
{
	const struct hm_san san = { .kind = HM_SAN_EMAIL, .value = identity->email };
	char oid[16];

	enum hm_status st = hm_ext_add_profile(exts, HM_PROFILE_CODE_SIGNING, key, &authority->intermediate_cert, err);
	if (st != HM_OK)
		return st;
	hm_ext_add_san(exts, &san, 1, true);
	hm_ext_add(exts, fulcio_oid(oid, 1), false, identity->issuer);
	add_claim(exts, 8, identity->issuer);
	add_claim(exts, 24, identity->subject);
	return hm_buf_check(exts, "a certificate's extensions", err);
}

static enum hm_status promise(const struct hm_authority *authority, struct hm_str tbs, int64_t now_ns,
			      struct hm_buf *sct, struct hm_err *err)
{
	HM_OWN(hm_datadir_done) struct hm_datadir dir = { .lock_fd = -1 };

	enum hm_status st = hm_datadir_open(authority->dir, "hallmark-ca", 1, HM_DATADIR_WAIT, &dir, err);
	if (st == HM_OK)
		st = hm_ctlog_add(&authority->ctlog, tbs, authority->signer.key.spki, (uint64_t)(now_ns / HM_NS_PER_MS),
				  sct, err);
	return hm_while(err, st, "log a certificate");
}

enum hm_status hm_authority_issue(const struct hm_authority *authority, const struct hm_key *key,
				  const struct hm_ca_identity *identity, struct hm_buf *der, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT), tbs = hm_buf_init(HM_MAX_CERT);
	HM_OWN(hm_buf_done) struct hm_buf sct = hm_buf_init(1024), final = hm_buf_init(HM_MAX_CERT);
	const enum hm_sig sig = hm_key_sig(&authority->signer.key);
	const int64_t now_ns = hm_now_ns(authority->fx), now_s = now_ns / HM_NS_PER_S;
	struct hm_cert_spec spec = { .key = key,
				     .issuer = authority->intermediate_cert.subject,
				     .not_before_s = now_s,
				     .not_after_s = now_s + HM_CA_LIFETIME_S };

	enum hm_status st = check_lifetime(authority, now_s, err);
	if (st == HM_OK)
		st = hm_cert_serial(authority->fx, spec.serial, err);
	if (st == HM_OK)
		st = write_exts(authority, key, identity, &exts, err);
	if (st != HM_OK)
		return st;
	/* RFC 6962 3.2: what is promised is the certificate without the promise */
	spec.exts = hm_buf_str(&exts);
	st = hm_cert_make_tbs(&spec, sig, &tbs, err);
	if (st == HM_OK)
		st = promise(authority, hm_buf_str(&tbs), now_ns, &sct, err);
	if (st != HM_OK)
		return st;
	const struct hm_str scts[] = { hm_buf_str(&sct) };
	hm_ext_add_scts(&exts, scts, 1);
	spec.exts = hm_buf_str(&exts);
	st = hm_buf_check(&exts, "a certificate's extensions", err);
	if (st == HM_OK)
		st = hm_cert_make_tbs(&spec, sig, &final, err);
	return st == HM_OK ? hm_cert_sign_tbs(hm_buf_str(&final), &authority->signer, der, err) : st;
}
