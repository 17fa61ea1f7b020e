/*
 * The build info that the Go linker puts into a program: which modules it was made of and how. The program is read and
 * never run.
 *
 * Read are ELF files of 32 and 64 bits and of both byte orders, whose info stands inline, as Go writes it since 1.18.
 * Not here: Mach-O, PE and the like; the older form, which is refused by name.
 * Layer 6. Any thread.
 */
#ifndef HM_GOLANG_BUILDINFO_H
#define HM_GOLANG_BUILDINFO_H

#include "base/arena.h"
#include "base/err.h"
#include "golang/version.h"

#include <stdbool.h>
#include <stddef.h>

struct hm_golang_dep {
	struct hm_golang_module
	    mod;           /* its version is "(devel)" or a pseudo-version for a main module that was a folder */
	struct hm_str sum; /* "h1:…", or empty */
	bool is_replaced;
	struct hm_golang_module by; /* what it was replaced by; its version is empty for a folder */
	struct hm_str by_sum;
};

struct hm_golang_setting {
	struct hm_str key, value;
};

struct hm_golang_buildinfo {
	struct hm_str go_version; /* "go1.26.8", with experiments behind a blank; empty when only the text was parsed */
	struct hm_str path;       /* the main package */
	bool has_main;
	struct hm_golang_dep main;
	struct hm_golang_dep *deps;
	struct hm_golang_setting *settings; /* in the order in which they stand there */
	size_t dep_count, setting_count;

	size_t dep_cap, setting_cap;
	struct hm_arena arena; /* holds all text */
};

/*
 * Read the build info of a program.
 *
 * Owns    ret_info is the caller's, for hm_golang_buildinfo_done()
 * Errors  HM_EPARSE golang.no-build-info: no ELF file, or no Go program; HM_EPARSE golang.build-info: malformed, or of
 *         Go before 1.18; HM_ELIMIT; HM_ENOTFOUND; HM_EIO; HM_ENOMEM
 * Source  Go's debug/buildinfo; System V ABI, chapter 4
 */
enum hm_status hm_golang_buildinfo_read(const char *path, struct hm_golang_buildinfo *ret_info,
					struct hm_err *err) HM_MUST;

/* The same of an open file; where it stands in it does not matter. Owns: fd is borrowed. Shape: name: for errors. */
enum hm_status hm_golang_buildinfo_read_fd(int fd, const char *name, struct hm_golang_buildinfo *ret_info,
					   struct hm_err *err) HM_MUST;

/* The same of a program in memory. Shape: name: for errors. */
enum hm_status hm_golang_buildinfo_read_memory(struct hm_str bytes, const char *name,
					       struct hm_golang_buildinfo *ret_info, struct hm_err *err) HM_MUST;

/*
 * Read the text alone, as `go version -m` prints it without its indentation and first line.
 *
 * Errors  HM_EPARSE golang.build-info, with the row
 * Source  Go's runtime/debug ParseBuildInfo
 */
enum hm_status hm_golang_buildinfo_parse(struct hm_str text, const char *name, struct hm_golang_buildinfo *ret_info,
					 struct hm_err *err) HM_MUST;

void hm_golang_buildinfo_done(struct hm_golang_buildinfo *info);

/* The last value of a setting, such as "GOARCH" or "-ldflags". Errors: a NULL pointer where there is none. */
struct hm_str hm_golang_buildinfo_setting(const struct hm_golang_buildinfo *info, const char *key);

#endif
