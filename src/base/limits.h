/*
 * Every limit, with its reason. A limit is on what comes from outside; each has a test.
 *
 * Layer 1. Bytes where no unit is in the name.
 */
#ifndef HM_BASE_LIMITS_H
#define HM_BASE_LIMITS_H

#define HM_KIB ((size_t)1024)
#define HM_MIB (1024 * HM_KIB)
#define HM_GIB (1024 * HM_MIB)

/* A configuration file, a key, a certificate: nobody writes a larger one by hand. */
#define HM_MAX_CONFIG_FILE (4 * HM_MIB)

/* What a program that we ask for its version or its settings may print. */
#define HM_MAX_PROC_OUTPUT (16 * HM_MIB)

/* First line and headers of a message: what the usual servers take at most, with room for a token in Authorization. */
#define HM_MAX_HTTP_HEAD (64 * HM_KIB)

/* Headers of a message: browsers and proxies send some 30, servers that are asked through several layers some 60. */
#define HM_MAX_HTTP_HEADERS 128

/* A URL: what every client, proxy and server in between is asked to support. RFC 9110, 4.1. */
#define HM_MAX_URL (8 * HM_KIB)

/* A body where the caller sets no limit: the largest documents that the peers answer with have a few MiB. */
#define HM_MAX_HTTP_BODY (32 * HM_MIB)

/* What a handler takes from its response's arena: a document of HM_MAX_HTTP_BODY as a tree would not fit, and need not.
 */
#define HM_MAX_HTTP_SCRATCH (64 * HM_MIB)

/* A question where the caller sets no time: logs answer once an entry is in a checkpoint, which takes up to 20 s. */
#define HM_HTTP_TIMEOUT_MS 60000

/* Hops of one question: registries need two; more is a circle. */
#define HM_MAX_HTTP_REDIRECTS 5

#endif
