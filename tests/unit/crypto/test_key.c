/* Keys and signatures: published vectors, everything that is refused, and openssl(1) as judge both ways. */
#include "judge.h"

#include "crypto/der.h"
#include "crypto/key.h"
#include "crypto/oid.h"
#include "crypto/pem.h"

#include <sodium.h>

static const char p256_hex[] =
    "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68"
    "c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294"
    "d4462299";
static const char p256_sig_hex[] =
    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb"
    "1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

/* The three signatures of RFC 6979 A.2.5 to A.2.7 over "sample" with the digest of the curve's size; RFC 8032 7.1. */
static const struct {
	const char *name;
	enum hm_key_kind kind;
	enum hm_sig sig;
	const char *message, *spki, *signature;
} vectors[] = {
	{ "RFC 6979 A.2.5", HM_KEY_P256, HM_SIG_ECDSA_SHA256, "sample", p256_hex, p256_sig_hex },
	{ "RFC 6979 A.2.6", HM_KEY_P384, HM_SIG_ECDSA_SHA384, "sample",
	  "3076301006072a8648ce3d020106052b8104002203620004ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b30"
	  "0c64def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c"
	  "3ae0d4fe7344fd2533264720",
	  "306602310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe4602"
	  "310099ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8" },
	{ "RFC 6979 A.2.7", HM_KEY_P521, HM_SIG_ECDSA_SHA512, "sample",
	  "30819b301006072a8648ce3d020106052b81040023038186000401894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167"
	  "db4e5bcd371123d46e45db6b5d5370a7f20fb633155d38ffa16d2bd761dcac474b9a2f5023a400493101c962cd4d2fddf782285e6458"
	  "4139c2f91b47f87ff82354d6630f746a28a0db25741b5b34a828008b22acc23f924faafbd4d33f81ea66956dfeaa2bfdfcf5",
	  "308187024200c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b5349"
	  "31d7d4e8455cc91f9b15bf05ec36e377fa0241617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623ea"
	  "a63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a" },
	{ "RFC 8032 7.1 test 2", HM_KEY_ED25519, HM_SIG_ED25519, "\x72",
	  "302a300506032b65700321003d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
	  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb430"
	  "2aeeb00d291612bb0c00" },
	{ "RFC 8032 7.3", HM_KEY_ED25519, HM_SIG_ED25519PH, "abc",
	  "302a300506032b6570032100ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
	  "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636"
	  "062aaad11c2a26083406" },
};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		uint8_t spki[256], signature[256];
		HM_OWN(hm_key_done) struct hm_key key = { 0 };
		struct hm_err err = { 0 };
		enum hm_digest_alg alg;
		assert_ok(hm_key_parse(from_hex(vectors[i].spki, spki), &key, &err), &err);
		assert_int_equal(key.kind, vectors[i].kind);
		struct hm_str sig = from_hex(vectors[i].signature, signature), message = hm_str(vectors[i].message);
		assert_ok(hm_key_verify(&key, vectors[i].sig, message, sig, &err), &err);
		assert_refused(vectors[i].name, hm_key_verify(&key, vectors[i].sig, HM_STR("other"), sig, &err), &err,
			       HM_R_SIG_INVALID);

		/* in two parts, and by digest */
		const struct hm_part parts[] = { { message.ptr, 1 }, { message.ptr + 1, message.len - 1 } };
		assert_ok(hm_key_verify_parts(&key, vectors[i].sig, parts, 2, sig, &err), &err);
		if (hm_sig_digest(vectors[i].sig, &alg)) {
			struct hm_digest digest;
			assert_ok(hm_crypto_digest(alg, parts, 2, &digest, &err), &err);
			assert_ok(hm_key_verify_digest(&key, vectors[i].sig, &digest, sig, &err), &err);
		}

		/* each bit of the signature counts */
		for (size_t bit = 0; bit < 8 * sig.len; bit += 5) {
			signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_refused(vectors[i].name, hm_key_verify(&key, vectors[i].sig, message, sig, &err), &err,
				       HM_R_SIG_INVALID);
			signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

/* Signatures over "sample" that are close to the good one of RFC 6979 A.2.5. */
static void test_signatures_that_are_nearly_good(void **state)
{
	(void)state;
	static const struct {
		const char *name, *hex;
	} rows[] = {
		{ "empty", "" },
		{ "no DER", "00" },
		{ "r and s are 0", "3006020100020100" },
		{ "s is 0", "3026022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716020100" },
		{ "r is negative", "30450220efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1"
				   "c942d657c41d436c7a1b6e29f"
				   "65f3e900dbb9aff4064dc4ab2f843acda8" },
		{ "a byte behind", "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7c"
				   "b1c942d657c41d436c7a1b6e2"
				   "9f65f3e900dbb9aff4064dc4ab2f843acda800" },
		{ "length in the long form", "308146022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3"
					     "716022100f7cb1c942d657c41d436c7a1b6"
					     "e29f65f3e900dbb9aff4064dc4ab2f843acda8" },
		{ "r and s raw, as JWS has them", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb"
						  "1c942d657c41d436c7a1b6e29f65f3e900dbb9af"
						  "f4064dc4ab2f843acda8" },
	};
	uint8_t bytes[256];
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_key_parse(from_hex(p256_hex, bytes), &key, &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_str sig = from_hex(rows[i].hex, bytes);
		assert_refused(rows[i].name, hm_key_verify(&key, HM_SIG_ECDSA_SHA256, HM_STR("sample"), sig, &err),
			       &err, HM_R_SIG_INVALID);
	}
}

/* RFC 8032 5.1.7: S + L is the same number modulo L, and no second signature. */
static void test_ed25519ph_malleability(void **state)
{
	(void)state;
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
					   0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
					   0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10 };
	const size_t ph = COUNT(vectors) - 1;
	uint8_t spki[64], sig[64];
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	struct hm_err err = { 0 };
	unsigned carry = 0;

	assert_ok(hm_key_parse(from_hex(vectors[ph].spki, spki), &key, &err), &err);
	struct hm_str signature = from_hex(vectors[ph].signature, sig);
	for (size_t i = 0; i < 32; i++) {
		carry += sig[32 + i] + (unsigned)order[i];
		sig[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	assert_refused("S + L", hm_key_verify(&key, HM_SIG_ED25519PH, HM_STR("abc"), signature, &err), &err,
		       HM_R_SIG_INVALID);
	signature.len--;
	assert_refused("cut", hm_key_verify(&key, HM_SIG_ED25519PH, HM_STR("abc"), signature, &err), &err,
		       HM_R_SIG_INVALID);
}

/* Our Ed25519ph beside libsodium's, which takes the message only. */
static void test_ed25519ph_beside_libsodium(void **state)
{
	(void)state;
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf ours = hm_buf_init(64);
	struct hm_err err = { 0 };
	uint8_t pk[32], sk[64], theirs[64];
	crypto_sign_ed25519ph_state ph;

	assert_ok(hm_signer_generate(HM_KEY_ED25519, 0, &signer, &err), &err);
	assert_ok(hm_signer_encode(&signer, &der, &err), &err);
	assert_int_equal(der.len, 48); /* RFC 8410 7: the seed is what the last OCTET STRING holds */
	crypto_sign_ed25519_seed_keypair(pk, sk, (const uint8_t *)der.ptr + 16);
	assert_memory_equal(pk, signer.key.point.ptr, 32);

	assert_ok(hm_signer_sign(&signer, HM_SIG_ED25519PH, HM_STR("a message"), &ours, &err), &err);
	crypto_sign_ed25519ph_init(&ph);
	crypto_sign_ed25519ph_update(&ph, (const uint8_t *)"a message", 9);
	assert_int_equal(crypto_sign_ed25519ph_final_create(&ph, theirs, NULL, sk), 0);
	assert_memory_equal(ours.ptr, theirs, 64);
	assert_ok(hm_key_verify(&signer.key, HM_SIG_ED25519PH, HM_STR("a message"), hm_str_of(theirs, 64), &err), &err);
	assert_refused("pure for prehashed",
		       hm_key_verify(&signer.key, HM_SIG_ED25519, HM_STR("a message"), hm_str_of(theirs, 64), &err),
		       &err, HM_R_SIG_INVALID);
}

static void test_schemes_that_do_not_fit(void **state)
{
	(void)state;
	uint8_t spki[256];
	HM_OWN(hm_key_done) struct hm_key p256 = { 0 }, ed = { 0 };
	const struct hm_digest sha256 = { .alg = HM_SHA256, .len = 32 }, sha512 = { .alg = HM_SHA512, .len = 64 };
	struct hm_err err = { 0 };

	assert_ok(hm_key_parse(from_hex(vectors[0].spki, spki), &p256, &err), &err);
	assert_ok(hm_key_parse(from_hex(vectors[3].spki, spki), &ed, &err), &err);
	for (int sig = HM_SIG_ECDSA_SHA256; sig <= HM_SIG_ED25519PH; sig++) {
		bool fits = hm_sig_fits((enum hm_sig)sig, HM_KEY_P256);
		assert_int_equal(fits, sig <= HM_SIG_ECDSA_SHA512);
		if (!fits)
			assert_refused(hm_sig_name((enum hm_sig)sig),
				       hm_key_verify(&p256, (enum hm_sig)sig, HM_STR("m"), HM_STR("s"), &err), &err,
				       HM_R_SIG_SCHEME);
	}
	assert_refused("digest of another algorithm",
		       hm_key_verify_digest(&p256, HM_SIG_ECDSA_SHA256, &sha512, HM_STR("s"), &err), &err,
		       HM_R_SIG_SCHEME);
	assert_refused("RSA for Ed25519", hm_key_verify_digest(&ed, HM_SIG_RSA_SHA256, &sha256, HM_STR("s"), &err),
		       &err, HM_R_SIG_SCHEME);
	assert_refused("digest for pure Ed25519", hm_key_verify_digest(&ed, HM_SIG_ED25519, &sha512, HM_STR("s"), &err),
		       &err, HM_R_SIG_MESSAGE);
}

#define EC_P256 "301306072a8648ce3d020106082a8648ce3d030107"

static void test_public_keys_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *hex;
		enum hm_reason want;
	} rows[] = {
		{ "empty", "", HM_R_KEY_FORMAT },
		{ "no SubjectPublicKeyInfo", "30030201ff", HM_R_KEY_FORMAT },
		{ "algorithm without OID",
		  "3005"
		  "3000"
		  "030100",
		  HM_R_KEY_FORMAT },
		{ "no such algorithm",
		  "300a"
		  "3005"
		  "06032b6571"
		  "030100",
		  HM_R_KEY_UNSUPPORTED },
		{ "EC without parameters",
		  "300e3009"
		  "06072a8648ce3d0201"
		  "030100",
		  HM_R_KEY_UNSUPPORTED },
		{ "secp256k1",
		  "30153010"
		  "06072a8648ce3d0201"
		  "06052b8104000a"
		  "030100",
		  HM_R_KEY_UNSUPPORTED },
		{ "parameters behind the curve",
		  "301a3015"
		  "06072a8648ce3d0201"
		  "06082a8648ce3d030107"
		  "0500"
		  "030100",
		  HM_R_KEY_FORMAT },
		{ "point cut", "3019" EC_P256 "03020004", HM_R_KEY_FORMAT },
		{ "point at infinity", "3018" EC_P256 "03020000", HM_R_KEY_FORMAT },
		{ "compressed point",
		  "3039" EC_P256 "0322000360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
		  HM_R_KEY_FORMAT },
		{ "hybrid point",
		  "3059" EC_P256
		  "0342000760fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a4"
		  "1ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
		  HM_R_KEY_UNSUPPORTED },
		{ "point off the curve",
		  "3059" EC_P256
		  "0342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a4"
		  "1ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462298",
		  HM_R_KEY_FORMAT },
		{ "coordinate past the field",
		  "3059" EC_P256
		  "03420004ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7903fe1008b8bc99a4"
		  "1ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
		  HM_R_KEY_FORMAT },
		{ "Ed25519 with parameters",
		  "302c300706032b65700500032100ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
		  HM_R_KEY_FORMAT },
		{ "Ed25519 key cut",
		  "3029300506032b6570032000ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2",
		  HM_R_KEY_FORMAT },
		{ "Ed25519 of order 1",
		  "302a300506032b65700321000100000000000000000000000000000000000000000000000000000000000000",
		  HM_R_KEY_WEAK },
		{ "Ed25519 of order 8",
		  "302a300506032b657003210026e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		  HM_R_KEY_WEAK },
		{ "RSA without NULL", "3010300b06092a864886f70d010101030100", HM_R_KEY_FORMAT },
		{ "RSA without a key", "3012300d06092a864886f70d0101010500030100", HM_R_KEY_FORMAT },
		{ "RSA with a negative modulus",
		  "301a300d06092a864886f70d0101010500030900"
		  "3006"
		  "0201ff"
		  "020103",
		  HM_R_KEY_FORMAT },
		{ "RSA of 8 bits",
		  "301b300d06092a864886f70d0101010500030a00"
		  "3007"
		  "020200ff"
		  "020103",
		  HM_R_KEY_WEAK },
	};
	uint8_t bytes[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_key_done) struct hm_key key = { 0 };
		struct hm_err err = { 0 };
		assert_refused(rows[i].name, hm_key_parse(from_hex(rows[i].hex, bytes), &key, &err), &err,
			       rows[i].want);
	}
}

/* An RSAPublicKey of a modulus of so many bits, which need not be a product of two primes to be parsed. */
static struct hm_buf make_pkcs1(unsigned bits, uint64_t e, bool even)
{
	struct hm_buf buf = hm_buf_init(HM_MIB);
	char n[2048] = { 0 };
	size_t len = (bits + 7) / 8;

	memset(n, 0xa5, len);
	n[0] = (char)(1u << (bits - 1) % 8);
	n[len - 1] = (char)(even ? 0x54 : 0x55);
	size_t begin = hm_der_begin(&buf, HM_DER_SEQUENCE);
	hm_der_add_unsigned(&buf, hm_str_of(n, len));
	hm_der_add_u64(&buf, e);
	hm_der_end(&buf, begin);
	return buf;
}

static void test_rsa_sizes(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		unsigned bits;
		uint64_t e;
		bool even;
		enum hm_reason want;
	} rows[] = {
		{ "2048", 2048, 65537, false, HM_R_OK },
		{ "2047", 2047, 65537, false, HM_R_KEY_WEAK },
		{ "1024", 1024, 65537, false, HM_R_KEY_WEAK },
		{ "2050", 2050, 65537, false, HM_R_OK },
		{ "8192", 8192, 65537, false, HM_R_OK },
		{ "8193", 8193, 65537, false, HM_R_LIMIT },
		{ "16384", 16384, 65537, false, HM_R_LIMIT },
		{ "even modulus", 2048, 65537, true, HM_R_KEY_WEAK },
		{ "exponent 3", 2048, 3, false, HM_R_KEY_WEAK },
		{ "exponent 65535", 2048, 65535, false, HM_R_KEY_WEAK },
		{ "exponent 65536", 2048, 65536, false, HM_R_KEY_WEAK },
		{ "exponent 65539", 2048, 65539, false, HM_R_OK },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf der = make_pkcs1(rows[i].bits, rows[i].e, rows[i].even);
		HM_OWN(hm_key_done) struct hm_key key = { 0 };
		struct hm_err err = { 0 };
		enum hm_status st = hm_key_parse_pkcs1(hm_buf_str(&der), &key, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].name, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		assert_int_equal(key.bits, rows[i].bits);
		assert_true(hm_str_eq(key.point, hm_buf_str(&der)));
	}
}

static const struct {
	enum hm_key_kind kind;
	unsigned rsa_bits;
	const char *generate; /* openssl's arguments for the same kind */
} makes[] = {
	{ HM_KEY_P256, 0, "EC -pkeyopt ec_paramgen_curve:P-256" },
	{ HM_KEY_P384, 0, "EC -pkeyopt ec_paramgen_curve:P-384" },
	{ HM_KEY_P521, 0, "EC -pkeyopt ec_paramgen_curve:P-521" },
	{ HM_KEY_ED25519, 0, "ED25519" },
	{ HM_KEY_RSA, 2048, "RSA -pkeyopt rsa_keygen_bits:2048" },
	{ HM_KEY_RSA, 3072, "RSA -pkeyopt rsa_keygen_bits:3072" },
};

static void check_every_sig(const struct hm_signer *signer)
{
	for (int i = HM_SIG_ECDSA_SHA256; i <= HM_SIG_ED25519PH; i++) {
		enum hm_sig sig = (enum hm_sig)i;
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MAX_SIGNATURE);
		struct hm_err err = { 0 };
		enum hm_status st = hm_signer_sign(signer, sig, HM_STR("message"), &out, &err);
		if (!hm_sig_fits(sig, signer->key.kind)) {
			assert_refused(hm_sig_name(sig), st, &err, HM_R_SIG_SCHEME);
			continue;
		}
		assert_ok(st, &err);
		assert_ok(hm_key_verify(&signer->key, sig, HM_STR("message"), hm_buf_str(&out), &err), &err);
		for (int j = HM_SIG_ECDSA_SHA256; j <= HM_SIG_ED25519PH; j++) {
			if (j != i && hm_sig_fits((enum hm_sig)j, signer->key.kind))
				assert_refused("another scheme",
					       hm_key_verify(&signer->key, (enum hm_sig)j, HM_STR("message"),
							     hm_buf_str(&out), &err),
					       &err, HM_R_SIG_INVALID);
		}
	}
}

static void test_generate_sign_and_keep(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(makes); i++) {
		HM_OWN(hm_signer_done) struct hm_signer signer = { 0 }, again = { 0 }, from_pem = { 0 };
		HM_OWN(hm_secret_done) struct hm_secret der = { 0 }, pem = { 0 };
		HM_OWN(hm_buf_done) struct hm_buf pub_pem = hm_buf_init(HM_MIB);
		HM_OWN(hm_key_done) struct hm_key pub = { 0 }, dup = { 0 };
		struct hm_err err = { 0 };

		assert_ok(hm_signer_generate(makes[i].kind, makes[i].rsa_bits, &signer, &err), &err);
		check_every_sig(&signer);
		assert_ok(hm_signer_encode(&signer, &der, &err), &err);
		assert_ok(hm_signer_parse(hm_secret_str(&der), &again, &err), &err);
		assert_true(hm_key_eq(&signer.key, &again.key));
		assert_ok(hm_signer_encode_pem(&signer, &pem, &err), &err);
		assert_ok(hm_signer_parse_text(hm_secret_str(&pem), &from_pem, &err), &err);
		assert_true(hm_key_eq(&signer.key, &from_pem.key));
		hm_key_encode_pem(&signer.key, &pub_pem);
		assert_ok(hm_key_parse_text(hm_buf_str(&pub_pem), &pub, &err), &err);
		assert_ok(hm_key_dup(&pub, &dup, &err), &err);
		assert_true(hm_key_eq(&signer.key, &dup));
		assert_memory_equal(&signer.key.id, &dup.id, sizeof(dup.id));
	}
}

static void test_generate_refused(void **state)
{
	(void)state;
	static const struct {
		enum hm_key_kind kind;
		unsigned bits;
	} rows[] = { { HM_KEY_RSA, 0 }, { HM_KEY_RSA, 1024 }, { HM_KEY_RSA, 8192 }, { HM_KEY_P256, 256 } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
		struct hm_err err = { 0 };
		assert_refused("size", hm_signer_generate(rows[i].kind, rows[i].bits, &signer, &err), &err, HM_R_USAGE);
	}
}

static void test_private_keys_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		enum hm_reason want;
	} rows[] = {
		{ "empty", "", HM_R_KEY_FORMAT },
		{ "no DER", "hello", HM_R_KEY_FORMAT },
		{ "public key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", HM_R_PEM },
		{ "encrypted PKCS #8",
		  "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", HM_R_PEM },
		{ "old encrypted",
		  "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n"
		  "-----END EC PRIVATE KEY-----\n",
		  HM_R_PEM },
		{ "two keys",
		  "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
		  "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		  HM_R_PEM },
		{ "no block behind the parameters",
		  "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n", HM_R_PEM },
		/* PKCS #8 with X25519 */
		{ "X25519",
		  "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
		  "-----END PRIVATE KEY-----\n",
		  HM_R_KEY_UNSUPPORTED },
		/* the P-256 key of RFC 6979 A.2.5 with the last byte of its point changed */
		{ "halves of two keys",
		  "-----BEGIN EC PRIVATE KEY-----\n"
		  "MHcCAQEEIMmvqdhFunUWa1whV2ex0pNOUMPbNuibEntYpiErEg9noAoGCCqGSM49AwEHoUQDQgAEvXOGUFgWgBbFsBZbM2L22IvR"
		  "Yi6UAIiLDOCdeXRWACrkSUJl69CPCA5LVkBAqixBsNFQG6HQdQ==\n"
		  "-----END EC PRIVATE KEY-----\n",
		  HM_R_KEY_FORMAT },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
		struct hm_err err = { 0 };
		assert_refused(rows[i].name, hm_signer_parse_text(hm_str(rows[i].text), &signer, &err), &err,
			       rows[i].want);
	}
}

/* A P-256 key in SEC 1 whose point is that of another key: each half is good. */
static void test_halves_of_two_keys(void **state)
{
	(void)state;
	HM_OWN(hm_signer_done) struct hm_signer one = { 0 }, two = { 0 }, mixed = { 0 };
	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_signer_generate(HM_KEY_P256, 0, &one, &err), &err);
	assert_ok(hm_signer_generate(HM_KEY_P256, 0, &two, &err), &err);
	assert_ok(hm_signer_encode(&one, &der, &err), &err);
	/* RFC 5915: the point is the end of the structure */
	assert_memory_equal(der.ptr + der.len - 65, one.key.point.ptr, 65);
	memcpy(der.ptr + der.len - 65, two.key.point.ptr, 65);
	assert_refused("mixed", hm_signer_parse(hm_secret_str(&der), &mixed, &err), &err, HM_R_KEY_FORMAT);
}

static void test_details(void **state)
{
	(void)state;
	enum hm_key_details details;

	for (int i = HM_DETAILS_NONE; i <= HM_DETAILS_PKCS1_RSA_PSS; i++) {
		assert_true(hm_key_details_from_name(hm_str(hm_key_details_name((enum hm_key_details)i)), &details));
		assert_int_equal(details, i);
		const char *registry = hm_key_details_registry((enum hm_key_details)i);
		if (registry) {
			assert_true(hm_key_details_from_registry(hm_str(registry), &details));
			assert_int_equal(details, i);
		}
	}
	assert_false(hm_key_details_from_name(HM_STR("ML_DSA_65"), &details));
	assert_false(hm_key_details_from_name(HM_STR("PKIX_ECDSA_P256_HMAC_SHA_256"), &details));
	assert_false(hm_key_details_from_name(HM_STR(""), &details));
	assert_false(hm_key_details_from_registry(HM_STR("ml-dsa-65"), &details));

	static const struct {
		size_t vector;
		enum hm_sig sig;
		const char *want; /* NULL: no name */
	} rows[] = {
		{ 0, HM_SIG_ECDSA_SHA256, "PKIX_ECDSA_P256_SHA_256" },
		{ 0, HM_SIG_ECDSA_SHA384, NULL },
		{ 1, HM_SIG_ECDSA_SHA384, "PKIX_ECDSA_P384_SHA_384" },
		{ 1, HM_SIG_ECDSA_SHA256, "PKIX_ECDSA_P384_SHA_256" },
		{ 2, HM_SIG_ECDSA_SHA512, "PKIX_ECDSA_P521_SHA_512" },
		{ 2, HM_SIG_ECDSA_SHA256, "PKIX_ECDSA_P521_SHA_256" },
		{ 3, HM_SIG_ED25519, "PKIX_ED25519" },
		{ 3, HM_SIG_ED25519PH, "PKIX_ED25519_PH" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t spki[256];
		HM_OWN(hm_key_done) struct hm_key key = { 0 };
		struct hm_err err = { 0 };
		assert_ok(hm_key_parse(from_hex(vectors[rows[i].vector].spki, spki), &key, &err), &err);
		bool found = hm_key_details_of(&key, rows[i].sig, &details);
		assert_int_equal(found, rows[i].want != NULL);
		if (found) {
			assert_string_equal(hm_key_details_name(details), rows[i].want);
			assert_int_equal(hm_key_details_sig(details), rows[i].sig);
		}
	}
}

static void test_parse_as(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf pkcs1 = make_pkcs1(4096, 65537, false);
	HM_OWN(hm_key_done) struct hm_key rsa = { 0 };
	struct hm_err err = { 0 };
	uint8_t bytes[256];

	assert_ok(hm_key_parse_as(hm_buf_str(&pkcs1), HM_DETAILS_PKCS1_RSA, &rsa, &err), &err);
	struct hm_str p256 = from_hex(p256_hex, bytes);
	const struct {
		const char *name;
		struct hm_str der;
		enum hm_key_details details;
		enum hm_reason want;
	} rows[] = {
		{ "P-256", p256, HM_DETAILS_P256_SHA256, HM_R_OK },
		{ "anything", p256, HM_DETAILS_NONE, HM_R_OK },
		{ "RSA 4096", rsa.spki, HM_DETAILS_RSA4096_SHA256, HM_R_OK },
		{ "RSA of any size", rsa.spki, HM_DETAILS_PKIX_RSA, HM_R_OK },
		{ "P-256 as P-384", p256, HM_DETAILS_P384_SHA384, HM_R_KEY_DETAILS },
		{ "P-256 as Ed25519", p256, HM_DETAILS_ED25519, HM_R_KEY_DETAILS },
		{ "RSA 4096 as 2048", rsa.spki, HM_DETAILS_RSA2048_SHA256, HM_R_KEY_DETAILS },
		{ "PKIX as PKCS #1", rsa.spki, HM_DETAILS_PKCS1_RSA, HM_R_KEY_FORMAT },
		{ "PKCS #1 as PKIX", hm_buf_str(&pkcs1), HM_DETAILS_PKIX_RSA, HM_R_KEY_FORMAT },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_key_done) struct hm_key key = { 0 };
		enum hm_status st = hm_key_parse_as(rows[i].der, rows[i].details, &key, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
}

static void test_algorithm_identifiers(void **state)
{
	(void)state;
	for (int i = HM_SIG_ECDSA_SHA256; i <= HM_SIG_ED25519; i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(64);
		enum hm_sig sig;
		hm_sig_add_algorithm(&buf, (enum hm_sig)i);
		bool known = hm_sig_from_algorithm(hm_buf_str(&buf), &sig);
		assert_int_equal(known, i < HM_SIG_RSA_PSS_SHA256 || i > HM_SIG_RSA_PSS_SHA512);
		if (known)
			assert_int_equal(sig, i);
	}
	static const char *const bad[] = {
		"",
		"3000",
		"300c06082a8648ce3d0403020500",   /* ECDSA with NULL (RFC 5758 3.2) */
		"300b06092a864886f70d01010b",     /* RSA without NULL (RFC 4055 5) */
		"300d06092a864886f70d01010b0c00", /* RSA with something else */
		"300d06092a864886f70d0101050500", /* RSA with SHA-1 */
		"300906072a8648ce3d0401",         /* ECDSA with SHA-1 */
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		uint8_t bytes[64];
		enum hm_sig sig;
		if (hm_sig_from_algorithm(from_hex(bad[i], bytes), &sig))
			fail_msg("%s was taken", bad[i]);
	}
	for (int i = HM_SHA256; i <= HM_SHA512; i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(64);
		enum hm_digest_alg alg;
		hm_digest_add_algorithm(&buf, (enum hm_digest_alg)i);
		assert_true(hm_digest_from_algorithm(hm_buf_str(&buf), &alg));
		assert_int_equal(alg, i);
	}
	static const struct {
		const char *hex;
		bool good;
	} digests[] = {
		{ "300d06096086480165030402010500", true },
		{ "300906052b0e03021a0500", false },
		{ "300e060960864801650304020105000500", false },
		{ "300d06096086480165030402010c00", false },
	};
	for (size_t i = 0; i < COUNT(digests); i++) {
		uint8_t bytes[64];
		enum hm_digest_alg alg;
		assert_int_equal(hm_digest_from_algorithm(from_hex(digests[i].hex, bytes), &alg), digests[i].good);
	}
}

/* openssl makes a key in each of its forms and a signature: both are ours to read. */
static void judge_theirs(const char *dir, size_t i)
{
	static const char *const forms[] = {
		"openssl pkey -in key.pem -out key.der -outform DER",
		"openssl pkey -in key.pem -out key.der -outform PEM -traditional",
		"openssl pkey -in key.pem -out key.der -outform DER -traditional",
	};
	char line[256];
	struct hm_err err = { 0 };

	snprintf(line, sizeof(line), "openssl genpkey -algorithm %s -out key.pem", makes[i].generate);
	assert_int_equal(judge(dir, line), 0);
	assert_int_equal(judge(dir, "openssl pkey -in key.pem -pubout -out pub.pem"), 0);
	HM_OWN(hm_buf_done) struct hm_buf pub_pem = get_file(dir, "pub.pem"), pem = get_file(dir, "key.pem");
	HM_OWN(hm_key_done) struct hm_key pub = { 0 };
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	assert_ok(hm_key_parse_text(hm_buf_str(&pub_pem), &pub, &err), &err);
	assert_ok(hm_signer_parse_text(hm_buf_str(&pem), &signer, &err), &err);
	assert_true(hm_key_eq(&pub, &signer.key));
	/* Ed25519 has no older form than PKCS #8 */
	for (size_t f = 0; f < (makes[i].kind == HM_KEY_ED25519 ? 1 : COUNT(forms)); f++) {
		assert_int_equal(judge(dir, forms[f]), 0);
		HM_OWN(hm_buf_done) struct hm_buf der = get_file(dir, "key.der");
		HM_OWN(hm_signer_done) struct hm_signer same = { 0 };
		assert_ok(hm_signer_parse_text(hm_buf_str(&der), &same, &err), &err);
		assert_true(hm_key_eq(&pub, &same.key));
	}
	put_file(dir, "message", HM_STR("judged"));
	bool ed = makes[i].kind == HM_KEY_ED25519;
	snprintf(line, sizeof(line), "openssl pkeyutl -sign -inkey key.pem -rawin -in message -out sig%s",
		 ed                             ? ""
		 : makes[i].kind == HM_KEY_P384 ? " -digest sha384"
		 : makes[i].kind == HM_KEY_P521 ? " -digest sha512"
						: " -digest sha256");
	assert_int_equal(judge(dir, line), 0);
	HM_OWN(hm_buf_done) struct hm_buf sig = get_file(dir, "sig");
	assert_ok(hm_key_verify(&pub, hm_key_sig(&pub), HM_STR("judged"), hm_buf_str(&sig), &err), &err);
}

/* We make a key and signatures: both are openssl's to read. */
static void judge_ours(const char *dir, size_t i)
{
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	HM_OWN(hm_secret_done) struct hm_secret pem = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf pub = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };
	char line[256];

	assert_ok(hm_signer_generate(makes[i].kind, makes[i].rsa_bits, &signer, &err), &err);
	assert_ok(hm_signer_encode_pem(&signer, &pem, &err), &err);
	put_file(dir, "key.pem", hm_secret_str(&pem));
	assert_int_equal(judge(dir, "openssl pkey -in key.pem -check -noout"), 0);
	hm_key_encode_pem(&signer.key, &pub);
	put_file(dir, "pub.pem", hm_buf_str(&pub));
	put_file(dir, "message", HM_STR("judged"));
	for (int s = HM_SIG_ECDSA_SHA256; s <= HM_SIG_ED25519; s++) {
		HM_OWN(hm_buf_done) struct hm_buf sig = hm_buf_init(HM_MAX_SIGNATURE);
		enum hm_digest_alg alg;
		if (!hm_sig_fits((enum hm_sig)s, makes[i].kind))
			continue;
		assert_ok(hm_signer_sign(&signer, (enum hm_sig)s, HM_STR("judged"), &sig, &err), &err);
		put_file(dir, "sig", hm_buf_str(&sig));
		bool pss = s >= HM_SIG_RSA_PSS_SHA256 && s <= HM_SIG_RSA_PSS_SHA512;
		bool has_digest = hm_sig_digest((enum hm_sig)s, &alg);
		snprintf(line, sizeof(line),
			 "openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in message -sigfile sig%s%s%s",
			 has_digest ? " -digest " : "", has_digest ? hm_digest_name(alg) : "",
			 pss ? " -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest" : "");
		assert_int_equal(judge(dir, line), 0);
	}
}

static void test_openssl_judges(void **state)
{
	(void)state;
	if (!has_program("openssl"))
		skip();
	HM_OWN(remove_folder) char *dir = make_folder();
	for (size_t i = 0; i < COUNT(makes); i++) {
		judge_theirs(dir, i);
		judge_ours(dir, i);
	}
}

static enum hm_status walk_parse(struct hm_err *err)
{
	uint8_t spki[256], signature[256];
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < COUNT(vectors) && st == HM_OK; i++) {
		HM_OWN(hm_key_done) struct hm_key key = { 0 };
		struct hm_str sig = from_hex(vectors[i].signature, signature);
		st = hm_key_parse(from_hex(vectors[i].spki, spki), &key, err);
		if (st == HM_OK)
			st = hm_key_verify(&key, vectors[i].sig, hm_str(vectors[i].message), sig, err);
	}
	return st;
}

static struct hm_secret walked_key;

static enum hm_status walk_sign(struct hm_err *err)
{
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf sig = hm_buf_init(HM_MAX_SIGNATURE);

	enum hm_status st = hm_signer_parse(hm_secret_str(&walked_key), &signer, err);
	if (st == HM_OK)
		st = hm_signer_sign(&signer, HM_SIG_ECDSA_SHA256, HM_STR("message"), &sig, err);
	if (st == HM_OK)
		st = hm_signer_encode_pem(&signer, &der, err);
	return st;
}

static void test_memory_runs_out(void **state)
{
	(void)state;
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	struct hm_err err = { 0 };

	walk_failures("parse and verify", walk_parse);
	assert_ok(hm_signer_generate(HM_KEY_P256, 0, &signer, &err), &err);
	assert_ok(hm_signer_encode(&signer, &walked_key, &err), &err);
	walk_failures("private key and sign", walk_sign);
	hm_secret_done(&walked_key);
}

int main(void)
{
	fail_inside_openssl();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_signatures_that_are_nearly_good),
		cmocka_unit_test(test_ed25519ph_malleability),
		cmocka_unit_test(test_ed25519ph_beside_libsodium),
		cmocka_unit_test(test_schemes_that_do_not_fit),
		cmocka_unit_test(test_public_keys_refused),
		cmocka_unit_test(test_rsa_sizes),
		cmocka_unit_test(test_generate_sign_and_keep),
		cmocka_unit_test(test_generate_refused),
		cmocka_unit_test(test_private_keys_refused),
		cmocka_unit_test(test_halves_of_two_keys),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_parse_as),
		cmocka_unit_test(test_algorithm_identifiers),
		cmocka_unit_test(test_openssl_judges),
		cmocka_unit_test(test_memory_runs_out),
	};
	return cmocka_run_group_tests_name("crypto/key", tests, NULL, NULL);
}
