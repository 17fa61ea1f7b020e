/*
 * What is needed of an ELF file to find bytes by their address: segments, and a section by its name.
 *
 * Layer 6. Any thread. Inside this module only.
 */
#ifndef HM_GOLANG_ELF_H
#define HM_GOLANG_ELF_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hm_golang_elf_segment {
	uint64_t addr, offset, size; /* of what stands in the file */
	bool is_data;                /* loaded, writable, and no code */
};

struct hm_golang_elf {
	const char *name; /* for errors */
	int fd;           /* -1: in memory */
	struct hm_str bytes;
	uint64_t size;
	bool is_64, is_big;
	struct hm_golang_elf_segment *segments;
	size_t segment_count;
};

/*
 * Read a file's header and its segments.
 *
 * Shape   ret_elf: name, fd, bytes and size are set by the caller.
 * Errors  HM_EPARSE golang.no-build-info: no ELF file; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_golang_elf_open(struct hm_golang_elf *elf, struct hm_err *err) HM_MUST;

void hm_golang_elf_done(struct hm_golang_elf *elf);

/* Where a section is loaded. Errors: a size of 0 where there is none. */
enum hm_status hm_golang_elf_find_section(const struct hm_golang_elf *elf, const char *name, uint64_t *ret_addr,
					  uint64_t *ret_size, struct hm_err *err) HM_MUST;

/* How many bytes of the file stand behind an address, in its segment. */
uint64_t hm_golang_elf_available(const struct hm_golang_elf *elf, uint64_t addr);

/* Read len bytes from an address on; the caller knows that they are available. Errors: HM_EIO. */
enum hm_status hm_golang_elf_read(const struct hm_golang_elf *elf, uint64_t addr, void *ret_bytes, size_t len,
				  struct hm_err *err) HM_MUST;

#endif
