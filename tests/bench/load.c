/* SPDX-License-Identifier: MIT */
/*
 * A program that only loads a library, by a reference to its function LIBRARY_FUNCTION. With an
 * argument it prints the private dirty memory that it has in main(), in KiB.
 */
#include <stdio.h>

#ifdef LIBRARY_FUNCTION
void LIBRARY_FUNCTION(void);
void (*volatile library_function)(void) = LIBRARY_FUNCTION;
#endif

int main(int argc, char *argv[])
{
	char line[256];
	FILE *file;
	long size = 0;

	(void)argv;
	if (argc == 1)
		return 0;
	file = fopen("/proc/self/smaps_rollup", "r");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "Private_Dirty: %ld", &size) == 1)
			break;
	printf("%ld\n", size);
	return file == NULL || fclose(file) != 0;
}
