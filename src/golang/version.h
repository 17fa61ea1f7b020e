/*
 * Versions as Go has them: semantic versions of modules, pseudo-versions, and versions of Go itself.
 *
 * Layer 6. Pure; any thread.
 */
#ifndef HM_GOLANG_VERSION_H
#define HM_GOLANG_VERSION_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* A module and its version, "" where there is none. The text belongs to whoever parsed it. */
struct hm_golang_module {
	struct hm_str path, version;
};

/* A semantic version in its parts, which are views of the text. */
struct hm_golang_semver {
	struct hm_str major, minor, patch; /* decimal; "0" where they were left out */
	struct hm_str prerelease, build;   /* with their '-' and '+', or empty */
	unsigned given;                    /* how many of the three numbers stand there */
};

/*
 * Take a version apart. "v1" and "v1.2" are versions too, as Go has it; others than these have all three numbers.
 *
 * Errors  false when it is no semantic version with its "v"
 * Source  golang.org/x/mod/semver, semver.org 2.0.0
 */
bool hm_golang_semver_parse(struct hm_str version, struct hm_golang_semver *ret_parts) HM_MUST;

/* Order: <0, 0, >0; what is no version comes before all that are, build parts do not count. */
int hm_golang_semver_compare(struct hm_str a, struct hm_str b);

/*
 * Add the canonical form: all three numbers, no build part but "+incompatible".
 *
 * Errors  false, with nothing added, when it is no semantic version
 */
bool hm_golang_version_canonical(struct hm_str version, struct hm_buf *buf) HM_MUST;

/* Whether a version is what hm_golang_version_canonical() makes of it. */
bool hm_golang_version_is_canonical(struct hm_str version);

/* What a pseudo-version says about the commit that it stands for. */
struct hm_golang_pseudo {
	int64_t time_s;    /* since 1970 */
	struct hm_str rev; /* 12 digits of the commit's hash, or what the version system has */
};

/*
 * Read a pseudo-version, such as "v0.0.0-20060102150405-abcdefabcdef".
 *
 * Errors  false when it is none, or its time is no time
 * Source  go.dev/ref/mod#pseudo-versions
 */
bool hm_golang_pseudo_parse(struct hm_str version, struct hm_golang_pseudo *ret_pseudo) HM_MUST;

/* Whether it has the form of a pseudo-version, whatever its time says. */
bool hm_golang_version_is_pseudo(struct hm_str version);

/*
 * Order versions of Go, such as "1.21", "1.21rc1", "1.21.0": <0, 0, >0. What is none comes before all that are.
 *
 * Source  go.dev/doc/toolchain#version
 */
int hm_golang_compare_go(struct hm_str a, struct hm_str b);

bool hm_golang_is_go_version(struct hm_str version);

/* The version in a toolchain's name: "1.22.3" of "go1.22.3" and of "go1.22.3-bigcorp"; empty where there is none. */
struct hm_str hm_golang_toolchain_version(struct hm_str name);

/* The language version: "1.22" of "1.22.3" and of "1.22rc1", "1" of "1" and "1.0"; empty where it is none. Borrowed. */
struct hm_str hm_golang_language_version(struct hm_str version);

#endif
