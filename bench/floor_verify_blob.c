/*
 * The floor under verify-blob: a process that is linked to libcrypto, hashes the file once with SHA-256 and verifies
 * one ECDSA signature over the digest. Nobody can verify a bundle with less, and nothing is trusted by this.
 *
 *     floor_verify_blob KEY.pem SIGNATURE FILE
 */
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int digest_file(const char *path, unsigned char *digest)
{
	static unsigned char chunk[1 << 16];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int fd = open(path, O_RDONLY);
	unsigned len;
	ssize_t n;

	if (!ctx || fd < 0 || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
		return 0;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		EVP_DigestUpdate(ctx, chunk, (size_t)n);
	close(fd);
	int ok = n == 0 && EVP_DigestFinal_ex(ctx, digest, &len);
	EVP_MD_CTX_free(ctx);
	return ok;
}

int main(int argc, char **argv)
{
	unsigned char digest[32], signature[200];

	if (argc != 4)
		return 2;
	FILE *pem = fopen(argv[1], "r"), *file = fopen(argv[2], "rb");
	EVP_PKEY *key = pem ? PEM_read_PUBKEY(pem, NULL, NULL, NULL) : NULL;
	size_t len = file ? fread(signature, 1, sizeof(signature), file) : 0;
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	int ok = ctx && digest_file(argv[3], digest) && EVP_PKEY_verify_init(ctx) == 1 &&
		 EVP_PKEY_verify(ctx, signature, len, digest, sizeof(digest)) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok ? 0 : 1;
}
