#include "cli/key_elsewhere.h"

#include <stddef.h>
#include <string.h>

/* cosign's words for keys that are no files. */
static const struct {
	const char *prefix, *what;
} elsewhere[] = {
	{ "awskms://", "a key in AWS KMS" },
	{ "gcpkms://", "a key in Google Cloud KMS" },
	{ "azurekms://", "a key in Azure Key Vault" },
	{ "hashivault://", "a key in HashiCorp Vault" },
	{ "openbao://", "a key in OpenBao" },
	{ "k8s://", "a key in a Kubernetes secret" },
	{ "gitlab://", "a key in GitLab" },
	{ "github://", "a key in GitHub" },
	{ "pkcs11:", "a key on a PKCS #11 token" },
	{ "http://", "a key to be downloaded" },
	{ "https://", "a key to be downloaded" },
};

const char *hm_cli_key_elsewhere(const char *name)
{
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
		if (strncmp(name, elsewhere[i].prefix, strlen(elsewhere[i].prefix)) == 0)
			return elsewhere[i].what;
	}
	return NULL;
}
