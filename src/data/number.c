#include "data/number.h"

#include "data/decimal.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { max_exponent_digits = 18 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

/* Behind a fraction or an exponent's mark there is at least one digit; NULL where there is none. */
static const char *some_digits(const char *p, const char *end, const char **ret_stop)
{
	*ret_stop = skip_digits(p, end);
	return *ret_stop == p ? NULL : *ret_stop;
}

/* Digits without sign to an int64; false where they do not fit. */
static bool to_int(const char *p, const char *end, bool is_negative, int64_t *ret_int)
{
	int64_t sum = 0;

	for (; p < end; p++) {
		int digit = *p - '0';
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_sub_overflow(sum, digit, &sum)) /* downwards: the least int64 has no positive */
			return false;
	}
	if (!is_negative && __builtin_mul_overflow(sum, -1, &sum))
		return false;
	*ret_int = sum;
	return true;
}

/* The exponent's digits, of which leading zeros do not count. */
static bool exponent_fits(const char *p, const char *end)
{
	while (p < end && *p == '0')
		p++;
	return end - p <= max_exponent_digits;
}

enum hm_number_form hm_number_scan(const char *text, const char *end, const char **ret_end, int64_t *ret_int)
{
	const char *p = text;
	bool is_negative = p < end && *p == '-';

	*ret_end = p += is_negative;
	if (p == end || !is_digit(*p))
		return HM_NUMBER_INVALID;
	const char *whole = p;
	*ret_end = p = *p == '0' ? p + 1 : skip_digits(p, end);
	if (p == end || (*p != '.' && *p != 'e' && *p != 'E')) {
		bool is_minus_zero = is_negative && *whole == '0';
		return !is_minus_zero && to_int(whole, p, is_negative, ret_int) ? HM_NUMBER_INT : HM_NUMBER_DECIMAL;
	}
	if (*p == '.' && !(p = some_digits(p + 1, end, ret_end)))
		return HM_NUMBER_INVALID;
	if (p == end || (*p != 'e' && *p != 'E'))
		return HM_NUMBER_DECIMAL;
	p++;
	p += p < end && (*p == '+' || *p == '-');
	const char *exponent = p;
	if (!some_digits(p, end, ret_end))
		return HM_NUMBER_INVALID;
	return exponent_fits(exponent, *ret_end) ? HM_NUMBER_DECIMAL : HM_NUMBER_TOO_LONG;
}

/* Where the exponent's mark stands, or the end. */
static const char *find_exponent(const char *p, const char *end)
{
	while (p < end && *p != 'e' && *p != 'E')
		p++;
	return p;
}

static int64_t exponent_value(const char *p, const char *end)
{
	int64_t value = 0;

	if (p == end)
		return 0;
	p++; /* the mark */
	bool is_negative = *p == '-';
	p += *p == '-' || *p == '+';
	for (; p < end; p++)
		value = value * 10 + (*p - '0');
	return is_negative ? -value : value;
}

void hm_decimal_of(const struct hm_value *v, struct hm_decimal *d)
{
	struct hm_str text = hm_number_text(v, d->scratch);
	const char *p = text.ptr, *end = text.ptr + text.len;
	const char *mark = find_exponent(p, end);

	d->exponent = exponent_value(mark, end);
	d->is_negative = *p == '-';
	p += d->is_negative;

	/* Zeros in front say where the first digit stands, zeros behind say nothing. */
	const char *point = memchr(p, '.', (size_t)(mark - p));
	const char *whole_end = point ? point : mark;
	const char *last = mark;
	while (p < mark && (*p == '0' || *p == '.'))
		p++;
	while (last > p && (last[-1] == '0' || last[-1] == '.'))
		last--;
	d->first = p;
	d->end = last;
	d->digits = (size_t)(last - p) - (point && point > p && point < last);
	if (d->digits == 0) {
		d->exponent = 0;
		d->is_negative = false;
		return;
	}
	d->exponent += p <= whole_end ? whole_end - p : -(p - whole_end - 1);
}

static int sign_of(const struct hm_decimal *d)
{
	return d->digits == 0 ? 0 : d->is_negative ? -1 : 1;
}

/* Digits in step, each side jumping over its own point; what is longer is more, for it does not end in 0. */
static int compare_digits(const struct hm_decimal *a, const struct hm_decimal *b)
{
	const char *p = a->first, *q = b->first;

	for (;;) {
		p += p < a->end && *p == '.';
		q += q < b->end && *q == '.';
		if (p == a->end || q == b->end)
			return (p < a->end) - (q < b->end);
		if (*p != *q)
			return *p < *q ? -1 : 1;
		p++;
		q++;
	}
}

int hm_number_cmp(const struct hm_value *a, const struct hm_value *b)
{
	if (!a->is_text && !b->is_text)
		return (a->i64 > b->i64) - (a->i64 < b->i64);

	struct hm_decimal x, y;
	hm_decimal_of(a, &x);
	hm_decimal_of(b, &y);
	int sign = sign_of(&x);
	if (sign != sign_of(&y))
		return sign < sign_of(&y) ? -1 : 1;
	if (sign == 0)
		return 0;
	if (x.exponent != y.exponent)
		return (x.exponent < y.exponent) == (sign > 0) ? -1 : 1;
	return sign * compare_digits(&x, &y);
}

bool hm_number_is_whole(const struct hm_value *v)
{
	if (v->kind != HM_NUMBER)
		return false;
	if (!v->is_text)
		return true;
	struct hm_decimal d;
	hm_decimal_of(v, &d);
	return d.digits == 0 || (d.exponent > 0 && (uint64_t)d.exponent >= d.digits);
}

int hm_number_sign(const struct hm_value *v)
{
	struct hm_decimal d;

	if (v->kind != HM_NUMBER)
		return 0;
	hm_decimal_of(v, &d);
	return sign_of(&d);
}

/* A whole number's magnitude; false when v is none or it does not fit. */
static bool magnitude(const struct hm_value *v, uint64_t *ret_magnitude, bool *ret_is_negative)
{
	struct hm_decimal d;
	uint64_t sum = 0;

	if (v->kind != HM_NUMBER)
		return false;
	hm_decimal_of(v, &d);
	/* 2^64 has 20 digits */
	if (d.digits != 0 && (d.exponent < 1 || d.exponent > 20 || (uint64_t)d.exponent < d.digits))
		return false;
	const char *p = d.first;
	for (int64_t i = 0; i < d.exponent; i++) {
		p += p < d.end && *p == '.';
		uint64_t digit = p < d.end ? (uint64_t)(*p++ - '0') : 0;
		if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, digit, &sum))
			return false;
	}
	*ret_magnitude = sum;
	*ret_is_negative = d.is_negative;
	return true;
}

bool hm_number_to_u64(const struct hm_value *v, uint64_t *ret_number)
{
	bool is_negative;
	uint64_t number;

	if (!magnitude(v, &number, &is_negative) || is_negative)
		return false;
	*ret_number = number;
	return true;
}

bool hm_number_to_i64(const struct hm_value *v, int64_t *ret_number)
{
	bool is_negative;
	uint64_t number;

	if (!magnitude(v, &number, &is_negative) || number > (uint64_t)INT64_MAX + is_negative)
		return false;
	*ret_number = is_negative ? (int64_t)-number : (int64_t)number;
	return true;
}

struct hm_str hm_number_text(const struct hm_value *v, char scratch[24])
{
	if (v->is_text)
		return (struct hm_str){ v->text, v->len };
	return hm_str_of(scratch, (size_t)snprintf(scratch, 24, "%" PRId64, v->i64));
}

/* The locale in which a point is a point; glibc has it ready, so that this neither allocates nor fails. */
static locale_t c_locale(void)
{
	static locale_t c;
	locale_t found = __atomic_load_n(&c, __ATOMIC_ACQUIRE);

	if (!found) {
		found = newlocale(LC_ALL_MASK, "C", (locale_t)0);
		__atomic_store_n(&c, found, __ATOMIC_RELEASE);
	}
	return found;
}

bool hm_number_to_double(const struct hm_value *v, double *ret_number)
{
	/*
	 * No double, and no middle between two, has more than 768 digits; whatever follows can only say "a little
	 * more", which one digit says as well. So the text for strtod has a fixed size.
	 */
	enum { most_digits = 800 };
	char text[most_digits + 40];
	struct hm_decimal d;
	size_t len = 0;

	if (v->kind != HM_NUMBER)
		return false;
	hm_decimal_of(v, &d);
	if (d.digits != 0 && d.exponent > 400)
		return false;
	text[len++] = d.is_negative || (v->is_text && v->text[0] == '-') ? '-' : '+';
	text[len++] = '0';
	text[len++] = '.';
	size_t kept = 0;
	for (const char *p = d.first; p < d.end && kept < most_digits; p++) {
		if (*p != '.') {
			text[len++] = *p;
			kept++;
		}
	}
	if (kept < d.digits)
		text[len++] = '1';
	int64_t exponent = d.exponent < -2000 ? -2000 : d.exponent;
	snprintf(text + len, sizeof(text) - len, "e%" PRId64, exponent);
	double number = strtod_l(text, NULL, c_locale());
	if (isinf(number))
		return false;
	*ret_number = number;
	return true;
}

/* Digits d1…dk of a double, with the value 0.d1…dk times ten to n. */
struct digits {
	char d[20];
	int k, n;
};

static double digits_value(const struct digits *g, locale_t c)
{
	char text[40];

	snprintf(text, sizeof(text), "0.%.*se%d", g->k, g->d, g->n);
	return strtod_l(text, NULL, c);
}

/* The decimal of k digits that is nearest to a positive number. */
static void nearest_digits(double number, int k, struct digits *g)
{
	char text[40]; /* d.ddde±xxx; where k is 1 without a point */

	snprintf(text, sizeof(text), "%.*e", k - 1, number);
	g->d[0] = text[0];
	if (k > 1)
		memcpy(g->d + 1, text + 2, (size_t)k - 1);
	g->k = k;
	g->n = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1;
}

/* One more in the last place. */
static void next_digits(struct digits *g)
{
	int i = g->k - 1;

	while (i >= 0 && g->d[i] == '9')
		g->d[i--] = '0';
	if (i >= 0) {
		g->d[i]++;
		return;
	}
	g->d[0] = '1';
	g->n++;
}

/*
 * The fewest digits that read back as number, the nearest to it where there are several (step 5).
 *
 * Every decimal of up to 15 digits survives the way through a normal double, so 15 digits without the zeros at their
 * end are the shortest text when they read back; subnormals have fewer digits and are tried one by one. Below a power
 * of two doubles lie closer than above it: the nearest decimal may then fail where the next one up reads back.
 */
static void shortest_digits(double number, struct digits *g, locale_t c)
{
	for (int k = isnormal(number) ? 15 : 1; k <= 17; k++) {
		nearest_digits(number, k, g);
		if (digits_value(g, c) == number)
			break;
		next_digits(g);
		if (digits_value(g, c) == number)
			break;
	}
	while (g->k > 1 && g->d[g->k - 1] == '0')
		g->k--;
}

void hm_double_text(double number, char ret_text[HM_DOUBLE_TEXT_LEN])
{
	static const char zeros[] = "000000000000000000000";
	struct digits g;
	size_t size = HM_DOUBLE_TEXT_LEN;
	const char *sign = number < 0 ? "-" : "";

	if (number == 0) {
		memcpy(ret_text, "0", 2);
		return;
	}
	/* snprintf has no form that takes a locale; only this thread's is changed, and changed back. */
	locale_t c = c_locale(), before = uselocale(c);
	shortest_digits(fabs(number), &g, c);
	uselocale(before);

	if (g.k <= g.n && g.n <= 21) /* steps 6 to 10 */
		snprintf(ret_text, size, "%s%.*s%.*s", sign, g.k, g.d, g.n - g.k, zeros);
	else if (0 < g.n && g.n <= 21)
		snprintf(ret_text, size, "%s%.*s.%.*s", sign, g.n, g.d, g.k - g.n, g.d + g.n);
	else if (-6 < g.n && g.n <= 0)
		snprintf(ret_text, size, "%s0.%.*s%.*s", sign, -g.n, zeros, g.k, g.d);
	else if (g.k == 1)
		snprintf(ret_text, size, "%s%ce%+d", sign, g.d[0], g.n - 1);
	else
		snprintf(ret_text, size, "%s%c.%.*se%+d", sign, g.d[0], g.k - 1, g.d + 1, g.n - 1);
}

bool hm_double_read(const char *text, double *ret_number)
{
	double number = strtod_l(text, NULL, c_locale());

	if (isinf(number))
		return false;
	*ret_number = number;
	return true;
}

static float float_value(const struct digits *g, locale_t c)
{
	char text[40];

	snprintf(text, sizeof(text), "0.%.*se%d", g->k, g->d, g->n);
	return strtof_l(text, NULL, c);
}

void hm_float_text(float number, char ret_text[HM_DOUBLE_TEXT_LEN])
{
	size_t size = HM_DOUBLE_TEXT_LEN;
	const char *sign = signbit(number) ? "-" : "";
	struct digits g = { .d = "0", .k = 1, .n = 1 };

	if (number != 0) {
		locale_t c = c_locale(), before = uselocale(c);
		/* as for doubles, where the reasons stand */
		for (int k = 1; k <= 9; k++) {
			nearest_digits(fabsf(number), k, &g);
			if (float_value(&g, c) == fabsf(number))
				break;
			next_digits(&g);
			if (float_value(&g, c) == fabsf(number))
				break;
		}
		uselocale(before);
	}
	while (g.k > 1 && g.d[g.k - 1] == '0')
		g.k--;
	if (g.n - 1 < -4 || g.n - 1 >= 6)
		snprintf(ret_text, size, "%s%c%s%.*se%c%02d", sign, g.d[0], g.k > 1 ? "." : "", g.k - 1, g.d + 1,
			 g.n < 1 ? '-' : '+', abs(g.n - 1));
	else if (g.n <= 0)
		snprintf(ret_text, size, "%s0.%.*s%.*s", sign, -g.n, "0000", g.k, g.d);
	else if (g.k <= g.n)
		snprintf(ret_text, size, "%s%.*s%.*s", sign, g.k, g.d, g.n - g.k, "000000");
	else
		snprintf(ret_text, size, "%s%.*s.%.*s", sign, g.n, g.d, g.k - g.n, g.d + g.n);
}
