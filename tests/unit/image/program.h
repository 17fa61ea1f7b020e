/*
 * The smallest file that is a Go program to whoever reads build info, and layers that are written down in a line.
 */
#ifndef HM_TESTS_UNIT_IMAGE_PROGRAM_H
#define HM_TESTS_UNIT_IMAGE_PROGRAM_H

#include "archive/tar.h"
#include "base/buf.h"
#include "base/limits.h"

#include <elf.h>
#include <string.h>

/* Shape: info: the text of `go version -m`, each line with its end. It cannot be run. */
static inline void add_go_program(struct hm_buf *buf, const char *info)
{
	enum { head = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), at = 0x80 };
	static const char zeros[at] = "", sentinel[] = "0123456789abcdef";
	struct hm_buf blob = hm_buf_init(HM_MIB);
	size_t len = strlen(info) + 32;

	hm_buf_add(&blob, "\xff Go buildinf:\x08\x02", 16);
	hm_buf_add(&blob, zeros, 16);
	hm_buf_add_cstr(&blob, "\x08go1.26.8");
	for (; len >= 0x80; len >>= 7)
		hm_buf_add_char(&blob, (char)(len | 0x80));
	hm_buf_add_char(&blob, (char)len);
	hm_buf_addf(&blob, "%s%s%s", sentinel, info, sentinel);
	const Elf64_Ehdr ehdr = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	const Elf64_Phdr phdr = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W,
		.p_offset = at,
		.p_vaddr = 0x10000 + at,
		.p_filesz = blob.len,
		.p_memsz = blob.len,
		.p_align = 0x1000,
	};
	hm_buf_add(buf, &ehdr, sizeof(ehdr));
	hm_buf_add(buf, &phdr, sizeof(phdr));
	hm_buf_add(buf, zeros, at - head);
	hm_buf_add_str(buf, hm_buf_str(&blob));
	hm_buf_done(&blob);
}

/* One of "g:PATH" (a Go program), "t:PATH" (a text, or a whiteout), "d:PATH", "h:PATH=EARLIER", "s:PATH=TEXT". */
static inline enum hm_status add_layer_entry(struct hm_tar *tar, struct hm_str word)
{
	static const char kinds[] = "gtdhs";
	static const enum hm_archive_kind of[] = { HM_ARCHIVE_FILE, HM_ARCHIVE_FILE, HM_ARCHIVE_DIR,
						   HM_ARCHIVE_HARDLINK, HM_ARCHIVE_SYMLINK };
	struct hm_buf content = hm_buf_init(HM_MIB);
	struct hm_tar_entry entry = { .mode = 0644 };
	const char *kind = word.len > 2 && word.ptr[1] == ':' && word.ptr[0] ? strchr(kinds, word.ptr[0]) : NULL;
	enum hm_status st = HM_EINVAL;

	if (!kind)
		return st;
	entry.kind = of[kind - kinds];
	(void)!hm_str_cut(hm_str_skip(word, 2), '=', &entry.path, &entry.link);
	if (*kind == 'g')
		add_go_program(&content, "path\ta/b\nmod\ta\t(devel)\t\nbuild\tGOOS=linux\nbuild\tGOARCH=amd64\n");
	else if (*kind == 't')
		hm_buf_add_cstr(&content, "text");
	entry.size = content.len;
	st = hm_tar_add(tar, &entry, hm_buf_str(&content), NULL);
	hm_buf_done(&content);
	return st;
}

/* A layer of entries with blanks between them; what cannot be an entry is left out. */
static inline enum hm_status make_layer(struct hm_str words, struct hm_buf *ret_tar)
{
	struct hm_tar tar;
	struct hm_str word;

	hm_tar_init(&tar, hm_sink_buf(ret_tar));
	while (hm_str_next(&words, ' ', &word))
		(void)add_layer_entry(&tar, word);
	return hm_tar_finish(&tar, NULL);
}

#endif
