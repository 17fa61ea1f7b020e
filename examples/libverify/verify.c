/*
 * Verify a file with libhallmark-verify. Compiles as C99 and as C++11:
 *
 *     cc -o verify verify.c $(pkg-config --cflags --libs hallmark-verify)
 *     ./verify trusted_root.json app.sigstore.json me@example.com https://accounts.google.com app
 */
#include <hallmark/verify.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole of a small file; NULL where it cannot be read. */
static char *read_file(const char *path, size_t *ret_size)
{
	enum { MAX = 32 << 20 };
	FILE *file = fopen(path, "rb");
	char *data = (char *)malloc(MAX);

	*ret_size = file && data ? fread(data, 1, MAX, file) : 0;
	if (!file || !data || ferror(file)) {
		fprintf(stderr, "cannot read %s\n", path);
		free(data);
		data = NULL;
	}
	if (file)
		fclose(file);
	return data;
}

static void print_result(const struct hallmark_result *result)
{
	const struct hallmark_entry *entries;
	size_t count = hallmark_result_entries(result, &entries);

	printf("signed by %s, of %s\n", hallmark_result_identity(result).ptr, hallmark_result_issuer(result).ptr);
	for (size_t i = 0; i < count; i++)
		printf("logged at %s, index %lld\n", entries[i].log.ptr, (long long)entries[i].index);
}

int main(int argc, char **argv)
{
	struct hallmark_trust_root *root = NULL;
	struct hallmark_bundle *bundle = NULL;
	struct hallmark_result *result = NULL;
	struct hallmark_artifact artifact;
	struct hallmark_wanted wanted;
	struct hallmark_error error;
	size_t root_size, bundle_size;

	if (argc != 6) {
		fprintf(stderr, "usage: verify TRUSTED_ROOT BUNDLE IDENTITY ISSUER FILE\n");
		return 2;
	}
	char *root_json = read_file(argv[1], &root_size), *bundle_json = read_file(argv[2], &bundle_size);
	if (!root_json || !bundle_json)
		return 2;
	memset(&wanted, 0, sizeof(wanted));
	memset(&artifact, 0, sizeof(artifact));
	wanted.struct_size = sizeof(wanted);
	wanted.identity = argv[3];
	wanted.issuer = argv[4];
	artifact.kind = HALLMARK_ARTIFACT_FILE;
	artifact.path = argv[5];

	enum hallmark_status status = hallmark_trust_root_read(root_json, root_size, &root, &error);
	if (status == HALLMARK_OK)
		status = hallmark_bundle_read(bundle_json, bundle_size, &bundle, &error);
	if (status == HALLMARK_OK)
		status = hallmark_verify(root, bundle, &artifact, &wanted, &result, &error);
	if (status == HALLMARK_OK)
		print_result(result);
	else
		fprintf(stderr, "refused, %s: %s\n", error.reason, error.text);
	hallmark_result_free(result);
	hallmark_bundle_free(bundle);
	hallmark_trust_root_free(root);
	free(root_json);
	free(bundle_json);
	return status == HALLMARK_OK ? 0 : 1;
}
