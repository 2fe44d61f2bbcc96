dnl SPDX-License-Identifier: MIT

dnl DAEMONKIT_ADD_FLAGS(VARIABLE, FLAGS)
dnl Append to VARIABLE each of FLAGS that the compiler takes without a word.
AC_DEFUN([DAEMONKIT_ADD_FLAGS], [
	daemonkit_saved_CFLAGS=$CFLAGS
	for daemonkit_flag in $2; do
		AC_MSG_CHECKING([whether $CC takes $daemonkit_flag])
		CFLAGS="$daemonkit_saved_CFLAGS -Werror $daemonkit_flag"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [
			AC_MSG_RESULT([yes])
			$1="$$1 $daemonkit_flag"
		], [AC_MSG_RESULT([no])])
	done
	CFLAGS=$daemonkit_saved_CFLAGS
])
