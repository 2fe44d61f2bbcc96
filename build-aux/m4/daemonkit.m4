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
