/* Build info: the text's grammar, and ELF files made byte by byte, in each width and byte order, that lie. */
#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "golang/buildinfo.h"

#include <elf.h>

static const char text[] = "path\texample.com/a/cmd\n"
			   "mod\texample.com/a\t(devel)\t\n"
			   "dep\tb.c/d\tv1.0.0\th1:x=\n"
			   "dep\tb.c/e\tv1.1.0\n"
			   "=>\t../e\t\t\n"
			   "future\tthing\n"
			   "build\t-compiler=gc\n"
			   "build\t-ldflags=\"-s -w\"\n"
			   "build\t\"a key\"=`raw \"value\"`\n"
			   "build\tempty=\n"
			   "cut off";

static void test_text(void **state)
{
	(void)state;
	HM_OWN(hm_golang_buildinfo_done) struct hm_golang_buildinfo info = { 0 };
	struct hm_err err = { 0 };
	assert_ok(hm_golang_buildinfo_parse(hm_str(text), "x", &info, &err), &err);
	assert_true(hm_str_is(info.path, "example.com/a/cmd"));
	assert_true(info.has_main);
	assert_true(hm_str_is(info.main.mod.version, "(devel)") && info.main.sum.len == 0);
	assert_int_equal(info.dep_count, 2);
	assert_true(hm_str_is(info.deps[0].sum, "h1:x=") && !info.deps[0].is_replaced);
	assert_true(info.deps[1].is_replaced && hm_str_is(info.deps[1].by.path, "../e"));
	assert_int_equal(info.setting_count, 4);
	assert_true(hm_str_is(hm_golang_buildinfo_setting(&info, "-ldflags"), "-s -w"));
	assert_true(hm_str_is(hm_golang_buildinfo_setting(&info, "a key"), "raw \"value\""));
	assert_non_null(hm_golang_buildinfo_setting(&info, "empty").ptr);
	assert_null(hm_golang_buildinfo_setting(&info, "GOOS").ptr);
}

static void test_bad_text(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"mod\tonly-a-path\n", "mod\ta\tb\tc\td\n",     "dep\ta\n",
		"=>\ta\tb\tc\n",      "dep\ta\tb\n=>\ta\tb\n", "dep\ta\tb\n=>\ta\tb\tc\n=>\ta\tb\tc\n",
		"build\t\n",          "build\t=x\n",           "build\tkey\n",
		"build\ta b=c\n",     "build\ta=b c\n",        "build\ta=b\"c\n",
		"build\t\"a\n",       "build\t\"a\"\n",        "build\t\"a\"x\n",
		"build\ta=\"b\n",     "build\ta=\"b\"c\n",     "build\t\"\\q\"=b\n",
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_golang_buildinfo info;
		struct hm_err err = { 0 };
		assert_refused(rows[i], hm_golang_buildinfo_parse(hm_str(rows[i]), "x", &info, &err), &err,
			       HM_R_GOLANG_BUILDINFO);
		assert_true(err.row > 0);
	}
}

/* --- ELF --- */

struct lie {
	bool no_sections, old_form, no_magic;
	uint64_t phoff, shoff, filesz, text_len; /* instead, when not 0 */
	uint16_t phnum, shstrndx;
	uint32_t sh_name;
	uint64_t sh_addr, sh_size;
	size_t cut; /* the file ends here */
};

static void put(struct hm_buf *b, bool big, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hm_buf_add_char(b, (char)(len <= 8 ? value >> 8 * (big ? len - 1 - i : i) : 0));
}

static void pad(struct hm_buf *b, size_t to)
{
	while (b->len < to)
		hm_buf_add_char(b, '\0');
}

enum { blob_at = 0x200, blob_addr = 0x10200, names_at = 0x300, sections_at = 0x400 };

static void put_section(struct hm_buf *b, bool is_64, bool big, uint32_t name, uint64_t addr, uint64_t offset,
			uint64_t size)
{
	size_t w = is_64 ? 8 : 4;

	put(b, big, name, 4);
	put(b, big, SHT_PROGBITS, 4);
	put(b, big, 0, w);
	put(b, big, addr, w);
	put(b, big, offset, w);
	put(b, big, size, w);
	put(b, big, 0, 4 + 4 + w + w);
}

static void put_blob(struct hm_buf *b, const struct lie *lie)
{
	static const char mod[] = "0123456789abcdefpath\tx\nbuild\tGOARCH=any\nFEDCBA9876543210";

	hm_buf_add(b, lie->no_magic ? "\xff No buildinf:" : "\xff Go buildinf:", 14);
	hm_buf_add_char(b, 8);
	hm_buf_add_char(b, lie->old_form ? 0 : 2);
	pad(b, blob_at + 32);
	hm_buf_add_char(b, 8);
	hm_buf_add_cstr(b, "go1.26.8");
	uint64_t len = lie->text_len ? lie->text_len : sizeof(mod) - 1;
	for (; len >= 0x80; len >>= 7)
		hm_buf_add_char(b, (char)(len | 0x80));
	hm_buf_add_char(b, (char)len);
	hm_buf_add(b, mod, sizeof(mod) - 1);
}

static void make_elf(struct hm_buf *b, bool is_64, bool big, const struct lie *lie)
{
	static const char names[] = "\0.go.buildinfo\0.shstrtab";
	size_t w = is_64 ? 8 : 4;

	hm_buf_add(b, ELFMAG, 4);
	hm_buf_add_char(b, is_64 ? ELFCLASS64 : ELFCLASS32);
	hm_buf_add_char(b, big ? ELFDATA2MSB : ELFDATA2LSB);
	pad(b, 16);
	put(b, big, ET_EXEC, 2);
	put(b, big, EM_NONE, 2);
	put(b, big, 1, 4);
	put(b, big, 0, w);
	put(b, big, lie->phoff ? lie->phoff : 0x100, w);
	put(b, big, lie->no_sections ? 0 : lie->shoff ? lie->shoff : sections_at, w);
	put(b, big, 0, 4);
	put(b, big, is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr), 2);
	put(b, big, is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), 2);
	put(b, big, lie->phnum ? lie->phnum : 1, 2);
	put(b, big, is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr), 2);
	put(b, big, lie->no_sections ? 0 : 3, 2);
	put(b, big, lie->shstrndx ? lie->shstrndx : 2, 2);
	pad(b, 0x100);
	uint64_t filesz = lie->filesz ? lie->filesz : names_at - 0x180;
	put(b, big, PT_LOAD, 4);
	if (is_64)
		put(b, big, PF_R | PF_W, 4);
	put(b, big, 0x180, w);
	put(b, big, blob_addr - (blob_at - 0x180), w);
	put(b, big, 0, w);
	put(b, big, filesz, w);
	put(b, big, filesz, w);
	if (!is_64)
		put(b, big, PF_R | PF_W, 4);
	put(b, big, 0x1000, w);
	pad(b, blob_at);
	put_blob(b, lie);
	pad(b, names_at);
	hm_buf_add(b, names, sizeof(names));
	pad(b, sections_at);
	put_section(b, is_64, big, 0, 0, 0, 0);
	put_section(b, is_64, big, lie->sh_name ? lie->sh_name : 1, lie->sh_addr ? lie->sh_addr : blob_addr, blob_at,
		    lie->sh_size ? lie->sh_size : 0x100);
	put_section(b, is_64, big, 15, 0, names_at, sizeof(names));
	if (lie->cut)
		b->len = lie->cut;
}

static void test_elf(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct lie lie;
		enum hm_reason want;
	} rows[] = {
		{ "honest", { 0 }, HM_R_OK },
		{ "no sections", { .no_sections = true }, HM_R_OK },
		{ "section of another name", { .sh_name = 2 }, HM_R_OK },
		{ "section's name outside", { .sh_name = 0x7fffffff }, HM_R_OK },
		{ "section names outside", { .shstrndx = 3 }, HM_R_OK },
		{ "section larger than its segment", { .sh_size = 0x7fffffff }, HM_R_OK },
		{ "no magic", { .no_magic = true }, HM_R_GOLANG_NO_BUILDINFO },
		{ "section elsewhere", { .sh_addr = 0x500000 }, HM_R_GOLANG_NO_BUILDINFO },
		{ "section too small", { .sh_size = 16 }, HM_R_GOLANG_NO_BUILDINFO },
		{ "segments outside", { .phoff = 0x7ffffff0 }, HM_R_GOLANG_NO_BUILDINFO },
		{ "segments past the end", { .phnum = 0xfffe }, HM_R_GOLANG_NO_BUILDINFO },
		{ "segment past the end", { .filesz = 0x7fffffff }, HM_R_GOLANG_NO_BUILDINFO },
		{ "sections outside", { .shoff = 0x7ffffff0 }, HM_R_GOLANG_NO_BUILDINFO },
		{ "old form", { .old_form = true }, HM_R_GOLANG_BUILDINFO },
		{ "text past the segment", { .text_len = 0x4000 }, HM_R_GOLANG_BUILDINFO },
		{ "text of no end", { .text_len = UINT64_MAX }, HM_R_GOLANG_BUILDINFO },
		{ "header cut off", { .cut = 40 }, HM_R_GOLANG_NO_BUILDINFO },
		{ "nearly empty", { .cut = 3 }, HM_R_GOLANG_NO_BUILDINFO },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int form = 0; form < 4; form++) {
			HM_OWN(hm_buf_done) struct hm_buf elf = hm_buf_init(HM_MIB);
			HM_OWN(hm_golang_buildinfo_done) struct hm_golang_buildinfo info = { 0 };
			struct hm_err err = { 0 };
			make_elf(&elf, form & 1, form & 2, &rows[i].lie);
			enum hm_status st = hm_golang_buildinfo_read_memory(hm_buf_str(&elf), "test", &info, &err);
			if (rows[i].want != HM_R_OK) {
				assert_refused(rows[i].name, st, &err, rows[i].want);
				continue;
			}
			assert_ok(st, &err);
			if (!hm_str_is(info.go_version, "go1.26.8") || !hm_str_is(info.path, "x") ||
			    !hm_str_is(hm_golang_buildinfo_setting(&info, "GOARCH"), "any"))
				fail_msg("%s, form %d", rows[i].name, form);
		}
	}
}

/* Wherever the file ends, nothing is read behind it. */
static void test_cut_off(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf elf = hm_buf_init(HM_MIB);
	make_elf(&elf, true, false, &(struct lie){ 0 });
	for (size_t len = 0; len < elf.len; len++) {
		struct hm_golang_buildinfo info;
		char *exact = malloc(len + 1);
		assert_non_null(exact);
		memcpy(exact, elf.ptr, len);
		assert_int_equal(hm_golang_buildinfo_read_memory(hm_str_of(exact, len), "test", &info, NULL),
				 HM_EPARSE);
		free(exact);
	}
}

static void test_files(void **state)
{
	(void)state;
	struct hm_golang_buildinfo info;
	struct hm_err err = { 0 };
	assert_refused("missing", hm_golang_buildinfo_read("/nowhere/at all", &info, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_refused("device", hm_golang_buildinfo_read("/dev/null", &info, &err), &err, HM_R_FILE_KIND);
	assert_refused("this test", hm_golang_buildinfo_read("/proc/self/exe", &info, &err), &err,
		       HM_R_GOLANG_NO_BUILDINFO);
	char *large = calloc(1, HM_MAX_GO_BUILDINFO + 1);
	assert_non_null(large);
	assert_refused("large", hm_golang_buildinfo_parse(hm_str_of(large, HM_MAX_GO_BUILDINFO + 1), "x", &info, &err),
		       &err, HM_R_LIMIT);
	free(large);
}

static void test_no_memory(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf elf = hm_buf_init(HM_MIB);
	make_elf(&elf, true, false, &(struct lie){ 0 });
	for (unsigned long n = 1;; n++) {
		struct hm_golang_buildinfo info = { 0 };
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_golang_buildinfo_read_memory(hm_buf_str(&elf), "test", &info, &err);
		bool is_over = walk_is_over(st, &err);
		hm_golang_buildinfo_done(&info);
		if (is_over)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),    cmocka_unit_test(test_bad_text), cmocka_unit_test(test_elf),
		cmocka_unit_test(test_cut_off), cmocka_unit_test(test_files),    cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("golang/buildinfo", tests, NULL, NULL);
}
