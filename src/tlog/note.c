#include "tlog/note.h"

#include "base/encode.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "base/unicode.h"

#include <inttypes.h>
#include <stdio.h>

/* An em dash and a space begin a signature line. */
#define LINE_START HM_STR("\xe2\x80\x94 ")

enum { id_len = 4, time_len = 8, ed25519_len = 32 };

static bool is_name(struct hm_str name)
{
	if (name.len == 0 || !hm_str_is_utf8(name) || hm_str_find_char(name, '+') >= 0)
		return false;
	while (name.len > 0) {
		uint32_t rune = hm_rune_next(&name);
		if (rune < 0x20 || hm_rune_is_space(rune))
			return false;
	}
	return true;
}

/* Well-formed UTF-8 with no control character but newlines, and one at its end. */
static bool is_text(struct hm_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] < 0x20 && text.ptr[i] != '\n')
			return false;
	}
	return text.len > 0 && text.ptr[text.len - 1] == '\n' && hm_str_is_utf8(text);
}

/* scratch holds the decoded signature: it is only looked at for its form and its first bytes. */
static enum hm_status parse_line(struct hm_str line, struct hm_buf *scratch, struct hm_tlog_note_sig *ret_sig,
				 struct hm_err *err)
{
	struct hm_tlog_note_sig sig;

	if (!hm_str_has_prefix(line, LINE_START))
		return hm_fail(err, HM_R_TLOG_NOTE, "a signature line does not begin with an em dash and a space");
	if (!hm_str_cut(hm_str_skip(line, LINE_START.len), ' ', &sig.name, &sig.base64) || !is_name(sig.name))
		return hm_fail(err, HM_R_TLOG_NOTE, "a signature line has no valid key name");
	hm_buf_clear(scratch);
	enum hm_status st = hm_base64_decode(scratch, HM_BASE64_STD, sig.base64, err);
	if (st == HM_EPARSE || (st == HM_OK && scratch->len <= id_len))
		return hm_fail(err, HM_R_TLOG_NOTE, "the signature of '%.*s' is no Base64 of a key id and more",
			       HM_STR_ARG(sig.name));
	if (st != HM_OK)
		return st;
	const uint8_t *id = (const uint8_t *)scratch->ptr;
	sig.id = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
	*ret_sig = sig;
	return HM_OK;
}

static ptrdiff_t last_blank_line(struct hm_str note)
{
	for (size_t i = note.len; i-- > 1;) {
		if (note.ptr[i] == '\n' && note.ptr[i - 1] == '\n')
			return (ptrdiff_t)i;
	}
	return -1;
}

enum hm_status hm_tlog_note_parse(struct hm_str note, struct hm_tlog_note *ret_note, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf scratch = hm_buf_init(HM_MAX_NOTE);
	struct hm_str line;

	if (note.len > HM_MAX_NOTE)
		return hm_fail(err, HM_R_LIMIT, "a note of %zu bytes is over the limit of %zu", note.len,
			       (size_t)HM_MAX_NOTE);
	if (!is_text(note))
		return hm_fail(err, HM_R_TLOG_NOTE,
			       "a note is UTF-8 lines without control characters, and ends with a newline");
	/* the last empty line: the text may have others, signatures none */
	ptrdiff_t blank = last_blank_line(note);
	if (blank < 0)
		return hm_fail(err, HM_R_TLOG_NOTE, "no blank line between text and signatures");

	ret_note->count = 0;
	ret_note->text = hm_str_head(note, (size_t)blank);
	struct hm_str rest = hm_str_skip(note, (size_t)blank + 1);
	while (rest.len > 0 && hm_str_next(&rest, '\n', &line)) {
		if (ret_note->count == HM_MAX_NOTE_SIGNATURES)
			return hm_fail(err, HM_R_LIMIT, "a note has more than %d signatures", HM_MAX_NOTE_SIGNATURES);
		enum hm_status st = parse_line(line, &scratch, &ret_note->sig[ret_note->count], err);
		if (st != HM_OK)
			return st;
		ret_note->count++;
		HM_PLANT(ret_note->count == 3 && ret_note->text.len > 4);
	}
	if (ret_note->count == 0)
		return hm_fail(err, HM_R_TLOG_NOTE, "no signature line after the blank line");
	return HM_OK;
}

enum hm_status hm_tlog_key_id(struct hm_str name, enum hm_tlog_sig_type type, const struct hm_key *key,
			      struct hm_hash *ret_id, struct hm_err *err)
{
	static const char rsa_name[] = "PKIX-RSA-PKCS#1v1.5";
	const uint8_t separator[] = { '\n', (uint8_t)type };
	struct hm_part parts[4] = { { name.ptr, name.len }, { separator, sizeof(separator) } };

	switch (type) {
	case HM_TLOG_ECDSA:
		*ret_id = key->id;
		return HM_OK;
	case HM_TLOG_RSA:
		parts[2] = (struct hm_part){ rsa_name, sizeof(rsa_name) - 1 };
		parts[3] = (struct hm_part){ key->spki.ptr, key->spki.len };
		return hm_crypto_sha256(parts, 4, ret_id, err);
	case HM_TLOG_ED25519:
	case HM_TLOG_COSIGNATURE:
	default:
		parts[2] = (struct hm_part){ key->point.ptr, key->point.len };
		return hm_crypto_sha256(parts, 3, ret_id, err);
	}
}

static uint32_t first_four(const struct hm_hash *hash)
{
	return (uint32_t)hash->b[0] << 24 | (uint32_t)hash->b[1] << 16 | (uint32_t)hash->b[2] << 8 | hash->b[3];
}

enum hm_tlog_sig_type hm_tlog_sig_type_of(const struct hm_key *key)
{
	return key->kind == HM_KEY_ED25519 ? HM_TLOG_ED25519 : key->kind == HM_KEY_RSA ? HM_TLOG_RSA : HM_TLOG_ECDSA;
}

static bool fits(enum hm_tlog_sig_type type, const struct hm_key *key)
{
	return type == hm_tlog_sig_type_of(key) || (type == HM_TLOG_COSIGNATURE && key->kind == HM_KEY_ED25519);
}

static enum hm_sig scheme_of(enum hm_tlog_sig_type type)
{
	return type == HM_TLOG_ECDSA ? HM_SIG_ECDSA_SHA256 : type == HM_TLOG_RSA ? HM_SIG_RSA_SHA256 : HM_SIG_ED25519;
}

void hm_tlog_verifier_done(struct hm_tlog_verifier *verifier)
{
	if (!verifier)
		return;
	free(verifier->name);
	hm_key_done(&verifier->key);
	*verifier = (struct hm_tlog_verifier){ 0 };
}

enum hm_status hm_tlog_verifier_init(struct hm_str name, enum hm_tlog_sig_type type, const struct hm_key *key,
				     struct hm_tlog_verifier *ret_verifier, struct hm_err *err)
{
	HM_OWN(hm_tlog_verifier_done) struct hm_tlog_verifier verifier = { .type = type };
	struct hm_hash id;

	if (!is_name(name))
		return hm_fail(err, HM_R_TLOG_KEY, "a name of %zu bytes that no signature line can hold", name.len);
	if (!fits(type, key))
		return hm_fail(err, HM_R_TLOG_KEY, "'%.*s': %s keys make no signatures of type 0x%02x",
			       HM_STR_ARG(name), hm_key_kind_name(key->kind), (unsigned)type);
	enum hm_status st = hm_tlog_key_id(name, type, key, &id, err);
	if (st == HM_OK)
		st = hm_str_dup(name, &verifier.name, err);
	if (st == HM_OK)
		st = hm_key_dup(key, &verifier.key, err);
	if (st != HM_OK)
		return st;
	verifier.id = first_four(&id);
	*ret_verifier = verifier;
	verifier = (struct hm_tlog_verifier){ 0 };
	return HM_OK;
}

/* RFC 8410 4: the SubjectPublicKeyInfo of an Ed25519 key is these bytes and the key's 32. */
static const uint8_t ed25519_spki[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };

/* The key behind its type byte: an Ed25519 key as it is, others as SubjectPublicKeyInfo. */
static enum hm_status parse_key(struct hm_str bytes, enum hm_tlog_sig_type *ret_type, struct hm_key *ret_key,
				struct hm_err *err)
{
	char spki[sizeof(ed25519_spki) + ed25519_len];
	uint8_t type = bytes.len > 0 ? (uint8_t)bytes.ptr[0] : 0;

	bytes = hm_str_skip(bytes, 1);
	if (type == HM_TLOG_ED25519 || type == HM_TLOG_COSIGNATURE) {
		if (bytes.len != ed25519_len)
			return hm_fail(err, HM_R_TLOG_KEY, "an Ed25519 key of %zu bytes", bytes.len);
		memcpy(spki, ed25519_spki, sizeof(ed25519_spki));
		memcpy(spki + sizeof(ed25519_spki), bytes.ptr, ed25519_len);
		bytes = hm_str_of(spki, sizeof(spki));
	} else if (type != HM_TLOG_ECDSA) {
		return hm_fail(err, HM_R_TLOG_KEY, "a key of type 0x%02x, which is not supported", type);
	}
	*ret_type = (enum hm_tlog_sig_type)type;
	return hm_key_parse(bytes, ret_key, err);
}

enum hm_status hm_tlog_verifier_parse(struct hm_str text, struct hm_tlog_verifier *ret_verifier, struct hm_err *err)
{
	HM_OWN(hm_tlog_verifier_done) struct hm_tlog_verifier verifier = { 0 };
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(HM_MAX_CONFIG_FILE);
	struct hm_str name, hash, base64, rest;
	enum hm_tlog_sig_type type = HM_TLOG_ED25519;
	uint8_t id[id_len];

	/* the key's Base64 may have pluses, so the first two are the separators */
	if (!hm_str_cut(text, '+', &name, &rest) || !hm_str_cut(rest, '+', &hash, &base64) || !is_name(name))
		return hm_fail(err, HM_R_TLOG_KEY, "a note's key is NAME+HASH+BASE64");
	if (hm_hex_read(hash, id, sizeof(id), NULL) != HM_OK)
		return hm_fail(err, HM_R_TLOG_KEY, "the key of '%.*s' has no hash of eight digits", HM_STR_ARG(name));
	enum hm_status st = hm_base64_decode(&bytes, HM_BASE64_STD, base64, err);
	if (st == HM_EPARSE)
		return hm_fail(err, HM_R_TLOG_KEY, "the key of '%.*s' is no Base64", HM_STR_ARG(name));
	if (st == HM_OK)
		st = parse_key(hm_buf_str(&bytes), &type, &key, err);
	if (st == HM_OK)
		st = hm_tlog_verifier_init(name, type, &key, &verifier, err);
	if (st != HM_OK)
		return hm_while(err, st, "read the key of '%.*s'", HM_STR_ARG(name));
	struct hm_hash stated = { { id[0], id[1], id[2], id[3] } };
	if (verifier.id != first_four(&stated))
		return hm_fail(err, HM_R_TLOG_KEY, "the key of '%.*s' has the hash %08" PRIx32 " and not %.*s",
			       HM_STR_ARG(name), verifier.id, HM_STR_ARG(hash));
	*ret_verifier = verifier;
	verifier = (struct hm_tlog_verifier){ 0 };
	return HM_OK;
}

void hm_tlog_verifier_encode(const struct hm_tlog_verifier *verifier, struct hm_buf *buf)
{
	const char type = (char)verifier->type;
	bool bare = verifier->key.kind == HM_KEY_ED25519;
	struct hm_str key = bare ? verifier->key.point : verifier->key.spki;
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(1 + key.len);

	hm_buf_add_char(&bytes, type);
	hm_buf_add_str(&bytes, key);
	if (bytes.status != HM_OK) {
		buf->status = buf->status == HM_OK ? bytes.status : buf->status;
		return;
	}
	hm_buf_addf(buf, "%s+%08" PRIx32 "+", verifier->name, verifier->id);
	hm_base64_encode(buf, HM_BASE64_STD, bytes.ptr, bytes.len);
}

static enum hm_status check_signature(const struct hm_tlog_verifier *verifier, struct hm_str text,
				      struct hm_str signature, uint64_t *ret_cosigned_s, struct hm_err *err)
{
	char intro[64];
	uint64_t time_s = 0;
	struct hm_part parts[2] = { { NULL, 0 }, { text.ptr, text.len } };

	*ret_cosigned_s = 0;
	if (verifier->type == HM_TLOG_COSIGNATURE) {
		/* C2SP tlog-cosignature, Format: big-endian seconds in front, and both lines signed with the text */
		if (signature.len < time_len)
			return hm_fail(err, HM_R_TLOG_SIGNATURE, "the cosignature of '%s' has no time", verifier->name);
		for (size_t i = 0; i < time_len; i++)
			time_s = time_s << 8 | (uint8_t)signature.ptr[i];
		signature = hm_str_skip(signature, time_len);
		int n = snprintf(intro, sizeof(intro), "cosignature/v1\ntime %" PRIu64 "\n", time_s);
		parts[0] = (struct hm_part){ intro, (size_t)n };
	}
	enum hm_status st = hm_key_verify_parts(&verifier->key, scheme_of(verifier->type), parts, 2, signature, err);
	if (st == HM_EVERIFY)
		return hm_fail(err, HM_R_TLOG_SIGNATURE,
			       "the signature of '%s' (key %08" PRIx32 ") is not of this text", verifier->name,
			       verifier->id);
	if (st == HM_OK)
		*ret_cosigned_s = time_s;
	return st;
}

/* A line against every key that it may be of: two may share name and id, and one good answer is enough. */
static enum hm_status verify_line(const struct hm_tlog_note *note, const struct hm_tlog_note_sig *sig,
				  const struct hm_tlog_verifier *verifiers, size_t count,
				  struct hm_tlog_verified_note *found, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(sig->base64.len);
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < count; i++) {
		uint64_t cosigned_s;
		if (verifiers[i].id != sig->id || !hm_str_is(sig->name, verifiers[i].name))
			continue;
		hm_buf_clear(&bytes);
		st = hm_base64_decode(&bytes, HM_BASE64_STD, sig->base64, err);
		if (st != HM_OK)
			return st;
		st = check_signature(&verifiers[i], note->text, hm_str_skip(hm_buf_str(&bytes), id_len), &cosigned_s,
				     err);
		if (st == HM_OK && !found->by)
			*found = (struct hm_tlog_verified_note){ note->text, &verifiers[i], cosigned_s };
		if (st != HM_EVERIFY)
			return st;
	}
	return st;
}

enum hm_status hm_tlog_note_verify(const struct hm_tlog_note *note, const struct hm_tlog_verifier *verifiers,
				   size_t count, struct hm_tlog_verified_note *ret_verified, struct hm_err *err)
{
	struct hm_tlog_verified_note found = { 0 };

	for (size_t i = 0; i < note->count; i++) {
		enum hm_status st = verify_line(note, &note->sig[i], verifiers, count, &found, err);
		if (st != HM_OK)
			return st;
	}
	if (!found.by)
		return hm_fail(err, HM_R_TLOG_UNSIGNED, "none of the note's %zu signatures is by %s%s%s", note->count,
			       count == 1 ? "'" : "a trusted key", count == 1 ? verifiers[0].name : "",
			       count == 1 ? "'" : "");
	*ret_verified = found;
	return HM_OK;
}

enum hm_status hm_tlog_note_add_sig(struct hm_str text, struct hm_str name, const struct hm_signer *signer,
				    struct hm_buf *note, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(HM_MAX_NOTE);
	enum hm_tlog_sig_type type = hm_tlog_sig_type_of(&signer->key);
	struct hm_hash id;

	if (!is_text(text) || !is_name(name))
		return hm_fail(err, HM_R_USAGE, "a text or a name that a signed note cannot hold");
	enum hm_status st = hm_tlog_key_id(name, type, &signer->key, &id, err);
	hm_buf_add(&bytes, id.b, id_len);
	if (st == HM_OK)
		st = hm_signer_sign(signer, scheme_of(type), text, &bytes, err);
	if (st == HM_OK)
		st = hm_buf_check(&bytes, "a note's signature", err);
	if (st != HM_OK)
		return st;
	hm_buf_add_str(note, LINE_START);
	hm_buf_add_str(note, name);
	hm_buf_add_char(note, ' ');
	hm_base64_encode(note, HM_BASE64_STD, bytes.ptr, bytes.len);
	hm_buf_add_char(note, '\n');
	return HM_OK;
}

enum hm_status hm_tlog_note_sign(struct hm_str text, struct hm_str name, const struct hm_signer *signer,
				 struct hm_buf *note, struct hm_err *err)
{
	hm_buf_add_str(note, text);
	hm_buf_add_char(note, '\n');
	return hm_tlog_note_add_sig(text, name, signer, note, err);
}
