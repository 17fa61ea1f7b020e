#include "golang/elf.h"

#include "base/mem.h"
#include "base/own.h"

#include <elf.h>
#include <errno.h>

/* Where the fields of both widths stand: System V ABI, figures 4-3, 4-8 and 5-1, as <elf.h> has them. */
#define FIELD(elf, p, type, field)                                                                                     \
	((elf)->is_64 ? load((elf), (p) + offsetof(Elf64_##type, field), sizeof(((Elf64_##type *)0)->field))           \
		      : load((elf), (p) + offsetof(Elf32_##type, field), sizeof(((Elf32_##type *)0)->field)))
#define SIZE(elf, type) ((elf)->is_64 ? sizeof(Elf64_##type) : sizeof(Elf32_##type))

static uint64_t load(const struct hm_golang_elf *elf, const uint8_t *p, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | p[elf->is_big ? i : len - 1 - i];
	return value;
}

static enum hm_status refuse(const struct hm_golang_elf *elf, const char *what, struct hm_err *err)
{
	return hm_fail(err, HM_R_GOLANG_NO_BUILDINFO, "'%s' %s", elf->name, what);
}

static enum hm_status read_at(const struct hm_golang_elf *elf, uint64_t offset, void *ret_bytes, size_t len,
			      struct hm_err *err)
{
	if (elf->fd < 0) {
		memcpy(ret_bytes, elf->bytes.ptr + offset, len);
		return HM_OK;
	}
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(elf->fd, (char *)ret_bytes + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hm_fail_errno(err, errno, "read '%s'", elf->name);
		if (n == 0)
			return refuse(elf, "became shorter while it was read", err);
		done += (size_t)n;
	}
	return HM_OK;
}

/* A table of the file, which must lie in it; the caller frees. */
static enum hm_status read_table(const struct hm_golang_elf *elf, uint64_t offset, uint64_t count, uint64_t entry_size,
				 uint8_t **ret_table, struct hm_err *err)
{
	uint64_t len; /* count has 32 bits at most, and entry_size is a constant */

	if (__builtin_mul_overflow(count, entry_size, &len) || offset > elf->size || len > elf->size - offset)
		return refuse(elf, "is an ELF file with a table outside of it", err);
	HM_OWN(hm_freep) uint8_t *table = hm_malloc(len);
	if (!table)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", elf->name);
	enum hm_status st = read_at(elf, offset, table, len, err);
	if (st == HM_OK)
		*ret_table = HM_STEAL(table);
	return st;
}

static enum hm_status read_segments(struct hm_golang_elf *elf, const uint8_t *header, struct hm_err *err)
{
	HM_OWN(hm_freep) uint8_t *table = NULL;
	uint64_t count = FIELD(elf, header, Ehdr, e_phnum);

	if (count == PN_XNUM || (count && FIELD(elf, header, Ehdr, e_phentsize) != SIZE(elf, Phdr)))
		return refuse(elf, "is an ELF file of an unusual kind", err);
	enum hm_status st = read_table(elf, FIELD(elf, header, Ehdr, e_phoff), count, SIZE(elf, Phdr), &table, err);
	if (st != HM_OK)
		return st;
	elf->segments = hm_calloc(count, sizeof(*elf->segments));
	if (!elf->segments)
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", elf->name);
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *p = table + i * SIZE(elf, Phdr);
		struct hm_golang_elf_segment s = { FIELD(elf, p, Phdr, p_vaddr), FIELD(elf, p, Phdr, p_offset),
						   FIELD(elf, p, Phdr, p_filesz), false };
		uint64_t flags = FIELD(elf, p, Phdr, p_flags);
		if (FIELD(elf, p, Phdr, p_type) != PT_LOAD || s.size == 0)
			continue;
		if (s.offset > elf->size || s.size > elf->size - s.offset || s.addr > UINT64_MAX - s.size)
			return refuse(elf, "is an ELF file with a segment outside of it", err);
		s.is_data = (flags & (PF_X | PF_W)) == PF_W;
		elf->segments[elf->segment_count++] = s;
	}
	return HM_OK;
}

enum hm_status hm_golang_elf_open(struct hm_golang_elf *elf, struct hm_err *err)
{
	uint8_t header[sizeof(Elf64_Ehdr)] = { 0 };

	if (elf->size < sizeof(Elf32_Ehdr))
		return refuse(elf, "is no ELF file", err);
	size_t len = elf->size < sizeof(header) ? (size_t)elf->size : sizeof(header);
	enum hm_status st = read_at(elf, 0, header, len, err);
	if (st != HM_OK)
		return st;
	if (memcmp(header, ELFMAG, SELFMAG) != 0 ||
	    (header[EI_CLASS] != ELFCLASS32 && header[EI_CLASS] != ELFCLASS64) ||
	    (header[EI_DATA] != ELFDATA2LSB && header[EI_DATA] != ELFDATA2MSB))
		return refuse(elf, "is no ELF file", err);
	elf->is_64 = header[EI_CLASS] == ELFCLASS64;
	elf->is_big = header[EI_DATA] == ELFDATA2MSB;
	if (len < SIZE(elf, Ehdr))
		return refuse(elf, "is no ELF file", err);
	return read_segments(elf, header, err);
}

void hm_golang_elf_done(struct hm_golang_elf *elf)
{
	if (!elf)
		return;
	free(elf->segments);
	elf->segments = NULL;
	elf->segment_count = 0;
}

enum hm_status hm_golang_elf_find_section(const struct hm_golang_elf *elf, const char *name, uint64_t *ret_addr,
					  uint64_t *ret_size, struct hm_err *err)
{
	HM_OWN(hm_freep) uint8_t *table = NULL, *names = NULL;
	uint8_t header[sizeof(Elf64_Ehdr)];

	*ret_size = 0;
	enum hm_status st = read_at(elf, 0, header, SIZE(elf, Ehdr), err);
	if (st != HM_OK)
		return st;
	uint64_t count = FIELD(elf, header, Ehdr, e_shnum), offset = FIELD(elf, header, Ehdr, e_shoff);
	uint64_t names_at = FIELD(elf, header, Ehdr, e_shstrndx);
	/* without sections the segments still tell; counts past 65,279 stand elsewhere, and no Go program has them */
	if (count == 0 || offset == 0 || names_at >= count || FIELD(elf, header, Ehdr, e_shentsize) != SIZE(elf, Shdr))
		return HM_OK;
	st = read_table(elf, offset, count, SIZE(elf, Shdr), &table, err);
	if (st != HM_OK)
		return st;
	const uint8_t *p = table + names_at * SIZE(elf, Shdr);
	uint64_t names_len = FIELD(elf, p, Shdr, sh_size);
	st = read_table(elf, FIELD(elf, p, Shdr, sh_offset), names_len, 1, &names, err);
	for (uint64_t i = 0; i < count && st == HM_OK; i++) {
		p = table + i * SIZE(elf, Shdr);
		uint64_t at = FIELD(elf, p, Shdr, sh_name);
		if (at >= names_len || names_len - at <= strlen(name) ||
		    memcmp(names + at, name, strlen(name) + 1) != 0)
			continue;
		*ret_addr = FIELD(elf, p, Shdr, sh_addr);
		*ret_size = FIELD(elf, p, Shdr, sh_size);
		break;
	}
	return st;
}

static const struct hm_golang_elf_segment *segment_of(const struct hm_golang_elf *elf, uint64_t addr)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct hm_golang_elf_segment *s = &elf->segments[i];
		if (addr >= s->addr && addr - s->addr < s->size)
			return s;
	}
	return NULL;
}

uint64_t hm_golang_elf_available(const struct hm_golang_elf *elf, uint64_t addr)
{
	const struct hm_golang_elf_segment *s = segment_of(elf, addr);

	return s ? s->size - (addr - s->addr) : 0;
}

enum hm_status hm_golang_elf_read(const struct hm_golang_elf *elf, uint64_t addr, void *ret_bytes, size_t len,
				  struct hm_err *err)
{
	const struct hm_golang_elf_segment *s = segment_of(elf, addr);

	return s ? read_at(elf, s->offset + (addr - s->addr), ret_bytes, len, err)
		 : refuse(elf, "has no such address", err);
}
