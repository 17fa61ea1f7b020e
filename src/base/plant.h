/*
 * A known bug for each parser, in a build of its own, so that each fuzz target can be seen to find one.
 *
 * `meson setup -Dplant_bugs=true` makes such a build; in every other the macro is nothing. It stands at a place that
 * only a deep, well-formed prefix of the input reaches.
 */
#ifndef HM_BASE_PLANT_H
#define HM_BASE_PLANT_H

#ifdef HM_PLANT_BUGS
#define HM_PLANT(condition)                                                                                            \
	do {                                                                                                           \
		if (condition)                                                                                         \
			__builtin_trap();                                                                              \
	} while (0)
#else
#define HM_PLANT(condition)                                                                                            \
	do {                                                                                                           \
	} while (0)
#endif

#endif
