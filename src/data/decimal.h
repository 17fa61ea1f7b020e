/*
 * A number in parts: 0.d1d2d3… times ten to a power, its digits still standing in its text. For this module only.
 *
 * Layer 2. Pure; any thread.
 */
#ifndef HM_DATA_DECIMAL_H
#define HM_DATA_DECIMAL_H

#include "data/value.h"

struct hm_decimal {
	const char *first,
	    *end;         /* from the first digit that is not 0 to behind the last one; a '.' may stand between */
	size_t digits;    /* without the '.'; 0 for zero */
	int64_t exponent; /* of ten, with the point before the first digit; 0 for zero */
	bool is_negative; /* never for zero */
	char scratch[24]; /* an int64's text; first and end may point here, so a copy of the struct is no good */
};

/* Take a number apart; v must be one. */
void hm_decimal_of(const struct hm_value *v, struct hm_decimal *ret_decimal);

/* How a number's text begins. */
enum hm_number_form {
	HM_NUMBER_INVALID,
	HM_NUMBER_INT,      /* an int64, written as one is */
	HM_NUMBER_DECIMAL,  /* any other */
	HM_NUMBER_TOO_LONG, /* an exponent of more than 18 digits */
};

/*
 * Read the longest number that text begins with.
 *
 * Shape   ret_end: behind it, or where it stopped being one. ret_int: set for HM_NUMBER_INT.
 * Source  RFC 8259, 6
 */
enum hm_number_form hm_number_scan(const char *text, const char *end, const char **ret_end, int64_t *ret_int);

#endif
