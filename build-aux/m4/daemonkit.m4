dnl SPDX-License-Identifier: MIT

dnl DAEMONKIT_ADD_FLAGS(VARIABLE, FLAGS)
dnl Append to VARIABLE each of FLAGS that the compiler accepts without a warning.
dnl They are tested one by one only if it does not accept all of them together.
AC_DEFUN([DAEMONKIT_ADD_FLAGS], [
	daemonkit_saved_CFLAGS=$CFLAGS
	set dummy $2; shift
	for daemonkit_flag in "$[]*" "$[]@"; do
		AC_MSG_CHECKING([whether $CC takes $daemonkit_flag])
		CFLAGS="$daemonkit_saved_CFLAGS -Werror $daemonkit_flag"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [
			AC_MSG_RESULT([yes])
			$1="$$1 $daemonkit_flag"
			test "$daemonkit_flag" != "$[]*" || break
		], [AC_MSG_RESULT([no])])
	done
	CFLAGS=$daemonkit_saved_CFLAGS
])

dnl DAEMONKIT_OPTIONAL(NAME, WHAT, HEADERS, STATEMENTS)
dnl Define HAVE_NAME if a program with these statements can be compiled and linked, unless
dnl the optional calls are disabled.  A declaration alone proves nothing.
AC_DEFUN([DAEMONKIT_OPTIONAL], [
	AC_CACHE_CHECK([for $2], [daemonkit_cv_optional_$1], [
		daemonkit_saved_CFLAGS=$CFLAGS
		AS_IF([test "$GCC" = yes], [CFLAGS="$CFLAGS -Werror=implicit-function-declaration"])
		AC_LINK_IFELSE([AC_LANG_PROGRAM(
			[m4_foreach_w([daemonkit_header], [$3], [@%:@include <daemonkit_header>
])], [$4])],
			[daemonkit_cv_optional_$1=yes], [daemonkit_cv_optional_$1=no])
		CFLAGS=$daemonkit_saved_CFLAGS
	])
	AS_IF([test "$enable_optional_calls:$daemonkit_cv_optional_$1" = yes:yes],
		[AC_DEFINE([HAVE_$1], [1], [Define to 1 to use $2.])])
])
