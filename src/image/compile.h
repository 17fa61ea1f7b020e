/*
 * From a Go package to one static program for each platform, with the Go toolchain.
 *
 * What goes in is the source, the modules in the cache and the toolchain, and nothing of the caller: each variable that
 * Go knows is set (golang/gocmd.h), nothing is fetched, and paths are trimmed, so the same inputs give the same bytes
 * wherever they lie. In the sandbox the compiler sees only those three, read-only, besides its cache and the folder for
 * its result.
 *
 * Not here: images (assemble.h); choosing the package; fetching.
 * Layer 8. Any thread.
 */
#ifndef HM_IMAGE_COMPILE_H
#define HM_IMAGE_COMPILE_H

#include "base/buf.h"
#include "base/err.h"
#include "image/platform.h"

#include <stdbool.h>
#include <stddef.h>

enum hm_image_isolation {
	HM_IMAGE_SANDBOX, /* each compiler in a sandbox without a network */
	HM_IMAGE_STEP,    /* as it is: the caller is a step, which is a sandbox already */
	HM_IMAGE_NONE,    /* as it is, and the caller has said so */
};

struct hm_image_compile_opts {
	const char *name;    /* of the program */
	const char *root;    /* the source: no link in it (hm_path_resolve()); what the compiler may read */
	const char *module;  /* the folder with go.mod, root or below it */
	const char *package; /* import path */
	const char *goroot, *gomodcache, *gocache; /* absolute; the last two are made where they are missing */
	const char *ldflags;                       /* NULL: none */
	bool disable_optimizations;                /* for debuggers */
	enum hm_image_isolation isolation;
	const char *tmpdir; /* absolute; not in the sandbox, which has its own */
	const char *out;    /* an empty folder: NAME-OS-ARCH are made in it */
	size_t jobs;        /* compilers at the same time; 0: one a processor */
	int stop_fd;        /* once it can be read, all compilers are killed; 0 or -1: none. Not in a step, whose end
			       is its compilers' end too */
};

/*
 * Compile for each platform. The programs have the mode 0755, whatever the umask.
 *
 * Shape   ret_log: what the compilers printed, for people; set also after a failure.
 * Owns    ret_log is the caller's; its failure sticks and does no harm
 * Errors  HM_EINVAL usage: ldflags that lead out of the build
 *         HM_EVERIFY image.compile: the compiler refused the program; its last lines
 *         HM_ENOTFOUND golang.not-fetched: a module is not in the cache; HM_EVERIFY golang.not-in-sum
 *         HM_EVERIFY image.program: what came out is no program for the platform, or is linked to others
 *         HM_EIO interrupted: stop_fd could be read; HM_EIO sandbox.*, process.start; HM_ELIMIT process.timeout;
 * HM_ENOMEM
 */
enum hm_status hm_image_compile(const struct hm_image_compile_opts *opts, const struct hm_image_target *targets,
				size_t count, struct hm_buf *ret_log, struct hm_err *err) HM_MUST;

/* Check flags for the linker without compiling. Errors: HM_EINVAL usage. */
enum hm_status hm_image_check_ldflags(const char *ldflags, struct hm_err *err) HM_MUST;

/*
 * Make an error of what the go command printed where it failed.
 *
 * Errors  HM_EVERIFY golang.sum, golang.not-in-sum, HM_ENOTFOUND golang.not-fetched, else HM_EVERIFY image.compile
 */
enum hm_status hm_image_go_failed(struct hm_str printed, struct hm_err *err) HM_MUST;

#endif
