/*
 * An SBOM with all that can stand in one: an index, two images, a program in each and one in none, modules with
 * capitals and other characters, replaced ones, one that differs between the programs, and two toolchains.
 */
#ifndef HM_TESTS_UNIT_ATTEST_SAMPLE_H
#define HM_TESTS_UNIT_ATTEST_SAMPLE_H

#include "attest/spdx.h"

#define SAMPLE_H1    "h1:MV9r7ZgCT0Ib9JPdNLYiBplbUSzqFrpHyNSFUSmjFPk="
#define SAMPLE_OTHER "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define SAMPLE_HEX   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static const struct hm_attest_module sample_amd64[] = {
	{ .path = HM_STR("github.com/BurntSushi/toml"), .version = HM_STR("v1.6.0"), .sum = HM_STR(SAMPLE_H1) },
	{ .path = HM_STR("example.com/a_b/~c"), .version = HM_STR("v2.0.0+incompatible"), .sum = HM_STR(SAMPLE_H1) },
	{ .path = HM_STR("example.com/a-b/~c"), .version = HM_STR("v2.0.0+incompatible"), .sum = HM_STR(SAMPLE_H1) },
	{ .path = HM_STR("example.com/old"),
	  .version = HM_STR("v1.0.0"),
	  .is_replaced = true,
	  .by_path = HM_STR("example.com/fork"),
	  .by_version = HM_STR("v1.0.1-0.20260102030405-abcdefabcdef"),
	  .by_sum = HM_STR(SAMPLE_OTHER) },
	{ .path = HM_STR("example.com/local"),
	  .version = HM_STR("v1.2.3"),
	  .is_replaced = true,
	  .by_path = HM_STR("../local"),
	  .by_version = HM_STR("(devel)") },
};
static const struct hm_attest_module sample_arm64[] = {
	{ .path = HM_STR("golang.org/x/sys"), .version = HM_STR("v0.40.0"), .sum = HM_STR(SAMPLE_H1) },
	{ .path = HM_STR("github.com/BurntSushi/toml"), .version = HM_STR("v1.6.0"), .sum = HM_STR(SAMPLE_H1) },
};

static const struct hm_attest_image sample_index = { .digest = HM_STR("sha256:" SAMPLE_HEX "0") };
static const struct hm_attest_image sample_images[] = {
	{ HM_STR("sha256:" SAMPLE_HEX "1"), HM_STR("linux/amd64"), HM_STR("amd64") },
	{ HM_STR("sha256:" SAMPLE_HEX "2"), HM_STR("linux/arm64"), HM_STR("arm64") },
};
static const struct hm_attest_binary sample_binaries[] = {
	{ .name = HM_STR("/ko-app/Hello"),
	  .sha256 = { { 1, 2, 3 } },
	  .platform = HM_STR("linux/amd64"),
	  .package = HM_STR("example.com/hello/cmd/Hello"),
	  .go_version = HM_STR("go1.26.8"),
	  .has_main = true,
	  .main = { .path = HM_STR("example.com/hello"), .version = HM_STR("(devel)") },
	  .deps = sample_amd64,
	  .dep_count = 5,
	  .image = 0 },
	{ .name = HM_STR("/ko-app/Hello"),
	  .sha256 = { { 4, 5, 6 } },
	  .platform = HM_STR("linux/arm64"),
	  .package = HM_STR("example.com/hello/cmd/Hello"),
	  .go_version = HM_STR("go1.26.8"),
	  .has_main = true,
	  .main = { .path = HM_STR("example.com/hello"), .version = HM_STR("(devel)") },
	  .deps = sample_arm64,
	  .dep_count = 2,
	  .image = 1 },
	{ .name = HM_STR("tool"),
	  .sha256 = { { 7 } },
	  .platform = HM_STR("linux/amd64"),
	  .package = HM_STR("command-line-arguments"),
	  .go_version = HM_STR("go1.27rc1 X:foo"),
	  .image = HM_ATTEST_NO_IMAGE },
};

static const struct hm_attest_sbom sample_sbom = {
	.name = HM_STR("Hello"),
	.tool = HM_STR("hallmark-0.1.0"),
	.index = &sample_index,
	.images = sample_images,
	.image_count = 2,
	.binaries = sample_binaries,
	.binary_count = 3,
};

#endif
