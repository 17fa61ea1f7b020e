/*
 * The words by which cosign's --type names kinds of statements.
 *
 * Layer 13. Pure; any thread.
 */
#ifndef HM_CLI_PREDICATE_H
#define HM_CLI_PREDICATE_H

#include "base/str.h"

/* What stands in the help behind --type. */
#define HM_CLI_PREDICATE_WORDS                                                                                         \
	"custom, slsaprovenance (v0.2), slsaprovenance02, slsaprovenance1, link, spdx, spdxjson, cyclonedx, vuln, "    \
	"openvex, or a URI"

/* The URI that a word means; a text that is none of the words means itself. Owns: borrowed from the program or word. */
const char *hm_cli_predicate_type(const char *word);

#endif
