// SPDX-License-Identifier: MIT
//
// A daemon in C++: objects that free themselves, and errors as exceptions.
//
//	ticker [-c CONFIGURATION] [-l LOGFILE] [-p PIDFILE] start|stop|reload|status|run|...
//
// The configuration is a number of seconds; the daemon prints a line that often.  "start" returns
// when the daemon is ready, and "reload" when it has read its configuration, or they print why it
// failed.  "run" serves in the foreground, for a service manager or a terminal.
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <poll.h>
#include <unistd.h>
#include <daemonkit/daemonkit.h>

namespace {

constexpr int ready_timeout = 10000; // ms
constexpr int exit_usage = 2, exit_not_configured = 6; // as in LSB

// The functions that free an object return NULL.
template <typename Object, Object *(*release)(Object *)> struct Release {
	void operator()(Object *object) const { release(object); }
};
template <typename Object, Object *(*release)(Object *)>
using Owner = std::unique_ptr<Object, Release<Object, release>>;
using Context = Owner<daemonkit_context, daemonkit_context_free>;
using Control = Owner<daemonkit_control, daemonkit_control_free>;
using Signals = Owner<daemonkit_signals, daemonkit_signals_free>;

struct Error : std::system_error {
	explicit Error(int result)
	    : std::system_error(-result, std::generic_category()), text(daemonkit_error())
	{
	}
	std::string text;
};

// Check the result of a function that returns a negative errno if it fails.
int check(int result)
{
	if (result < 0)
		throw Error(result);
	return result;
}

Context new_context()
{
	daemonkit_context *context;
	check(daemonkit_context_new(&context));
	return Context(context);
}

Signals new_signals()
{
	daemonkit_signals *signals;
	check(daemonkit_signals_new(&signals));
	return Signals(signals);
}

Control new_control(daemonkit_context &context)
{
	daemonkit_control *control;
	check(daemonkit_control_new(&context, &control));
	return Control(control);
}

struct Options {
	std::string configuration = "ticker.conf", log_file = "ticker.log", pid_file = "ticker.pid";
};

class Ticker {
public:
	explicit Ticker(const Options &options)
	{
		// The daemon works in another directory.
		std::unique_ptr<char, decltype(&std::free)> path(
			realpath(options.configuration.c_str(), nullptr), std::free);
		configuration = path ? path.get() : options.configuration;
		check(daemonkit_signals_set_handler(signals.get(), SIGHUP, on_reload, this));
		check(daemonkit_context_set_pid_file(context.get(), options.pid_file.c_str(), 0644));
		check(daemonkit_context_set_log_file(context.get(), options.log_file.c_str(), 0));
		check(daemonkit_context_set_ready_timeout(context.get(), ready_timeout));
		check(daemonkit_control_set_name(control.get(), "ticker"));
	}

	int run(const char *command)
	{
		int exit_code = EXIT_FAILURE;

		if (check(daemonkit_control_run(control.get(), command, 0, &exit_code)) > 0)
			return exit_code;
		return serve();
	}

private:
	// Freed in the reverse order: the control refers to the context.
	Signals signals = new_signals();
	Context context = new_context();
	Control control = new_control(*context);
	std::string configuration;
	int milliseconds = 0;

	void configure()
	{
		std::ifstream file(configuration);
		double seconds = 0;

		if (!(file >> seconds) || !(seconds > 0 && seconds < 3600))
			throw std::runtime_error(configuration + ": no interval");
		milliseconds = static_cast<int>(seconds * 1000);
	}

	// An exception must not pass through the functions of the library, which are C.
	static int on_reload(daemonkit_siginfo *info, void *data) noexcept
	{
		Ticker &ticker = *static_cast<Ticker *>(data);

		daemonkit_notify_reloading(ticker.context.get());
		try {
			ticker.configure();
		} catch (const std::exception &error) {
			// The former configuration remains.
			daemonkit_siginfo_reply(info, EINVAL, "%s", error.what());
		}
		daemonkit_notify_ready(ticker.context.get());
		return 0;
	}

	int serve()
	{
		pollfd readable = {daemonkit_signals_fd(signals.get()), POLLIN, 0};
		int result = 0;

		try {
			configure();
		} catch (const std::exception &error) {
			daemonkit_notify_failed(context.get(), EINVAL, "%s", error.what());
			return exit_not_configured;
		}
		daemonkit_notify_ready(context.get());
		for (int count = 1; result != DAEMONKIT_SIGNALS_STOP; ++count) {
			std::cout << "tick " << count << std::endl;
			if (poll(&readable, 1, milliseconds) > 0)
				result = check(daemonkit_signals_dispatch(signals.get()));
		}
		check(daemonkit_context_release(context.get()));
		return EXIT_SUCCESS;
	}
};

int usage()
{
	std::cerr << "usage: ticker [-c CONFIGURATION] [-l LOGFILE] [-p PIDFILE] "
		     DAEMONKIT_CONTROL_COMMANDS "\n";
	return exit_usage;
}

} // namespace

int main(int argc, char *argv[])
{
	Options options;
	int option;

	while ((option = getopt(argc, argv, "c:l:p:")) != -1) {
		if (option == 'c')
			options.configuration = optarg;
		else if (option == 'l')
			options.log_file = optarg;
		else if (option == 'p')
			options.pid_file = optarg;
		else
			return usage();
	}
	if (optind + 1 != argc)
		return usage();
	try {
		return Ticker(options).run(argv[optind]);
	} catch (const Error &error) {
		std::cerr << "ticker: " << error.text << "\n";
		return error.code().value() == ENOENT ? usage() : EXIT_FAILURE;
	} catch (const std::exception &error) {
		std::cerr << "ticker: " << error.what() << "\n";
		return EXIT_FAILURE;
	}
}
