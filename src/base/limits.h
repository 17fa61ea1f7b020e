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

#endif
