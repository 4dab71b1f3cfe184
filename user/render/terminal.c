// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/terminal.h"

#include <curses.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>

#define KEY_ESCAPE 27
#define ESCAPE_DELAY_MS 25

struct terminal {
	SCREEN *curses;
	FILE *input;  /* stdin, or the terminal behind it */
	int epoll_fd; /* of the input and of: */
	int resize_fd;
	int stderr_fd; /* where stderr went before; -1: it is no terminal, and stays */
	int said_fd;   /* what was said meanwhile */
	bool color;
};

/* In the background we may write to it, but not read, nor change it. */
static bool is_ours(int fd)
{
	return tcgetpgrp(fd) == getpgrp();
}

bool terminal_is_there(void)
{
	const char *type = getenv("TERM");

	return isatty(STDOUT_FILENO) && type && *type && strcmp(type, "dumb") != 0 &&
	       is_ours(STDOUT_FILENO);
}

/* --- taking over, and giving back --------------------------------------------------------- */

static FILE *open_input(void)
{
	return isatty(STDIN_FILENO) ? stdin : fopen("/dev/tty", "re");
}

static int watch(int epoll_fd, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* A signal that is only read: curses' own handler never runs. */
static int open_resize(void)
{
	sigset_t mask;
	int fd;

	sigemptyset(&mask);
	sigaddset(&mask, SIGWINCH);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int open_descriptors(struct terminal *terminal)
{
	int err;

	terminal->resize_fd = open_resize();
	if (terminal->resize_fd < 0)
		return terminal->resize_fd;
	terminal->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (terminal->epoll_fd < 0)
		return -errno;
	err = watch(terminal->epoll_fd, terminal->resize_fd);
	return err ? err : watch(terminal->epoll_fd, fileno(terminal->input));
}

/* A warning in the middle of a table would be gone with the next drawing. */
static void keep_stderr(struct terminal *terminal)
{
	if (!isatty(STDERR_FILENO))
		return;
	terminal->said_fd = memfd_create("said", MFD_CLOEXEC);
	if (terminal->said_fd < 0)
		return;
	fflush(stderr);
	terminal->stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (terminal->stderr_fd >= 0)
		dup2(terminal->said_fd, STDERR_FILENO);
}

static void give_back_stderr(struct terminal *terminal)
{
	char bytes[4096];
	ssize_t len;

	if (terminal->stderr_fd < 0)
		return;
	fflush(stderr);
	dup2(terminal->stderr_fd, STDERR_FILENO);
	lseek(terminal->said_fd, 0, SEEK_SET);
	while ((len = read(terminal->said_fd, bytes, sizeof(bytes))) > 0)
		fwrite(bytes, 1, (size_t)len, stderr);
}

static void start_color_if_wanted(struct terminal *terminal)
{
	static const short colors[STYLE_COUNT] = {
		[STYLE_GROWN] = COLOR_YELLOW,
		[STYLE_SHRUNK] = COLOR_GREEN,
		[STYLE_ALARM] = COLOR_RED,
	};
	const char *unwanted = getenv("NO_COLOR"); /* https://no-color.org */

	if ((unwanted && *unwanted) || !has_colors() || start_color() == ERR)
		return;
	terminal->color = true;
	use_default_colors();
	for (short style = 0; style < STYLE_COUNT; style++)
		if (colors[style])
			init_pair(style, colors[style], -1);
}

static int open_curses(struct terminal *terminal)
{
	setlocale(LC_CTYPE, "");
	terminal->curses = newterm(NULL, stdout, terminal->input);
	if (!terminal->curses)
		return -ENOTTY;
	set_term(terminal->curses);
	set_escdelay(ESCAPE_DELAY_MS);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	start_color_if_wanted(terminal);
	return 0;
}

int terminal_open(struct terminal **ret_terminal)
{
	_cleanup_(terminal_closep) struct terminal *terminal = calloc(1, sizeof(*terminal));
	int err;

	if (!terminal)
		return -ENOMEM;
	terminal->epoll_fd = terminal->resize_fd = terminal->stderr_fd = terminal->said_fd = -1;
	terminal->input = open_input();
	if (!terminal->input)
		return -errno;
	err = open_descriptors(terminal);
	if (!err)
		err = open_curses(terminal);
	if (err)
		return err;
	keep_stderr(terminal);
	*ret_terminal = TAKE_PTR(terminal);
	return 0;
}

void terminal_close(struct terminal *terminal)
{
	if (terminal->curses) {
		endwin();
		delscreen(terminal->curses);
	}
	give_back_stderr(terminal);
	if (terminal->input && terminal->input != stdin)
		fclose(terminal->input);
	cleanup_close(&terminal->epoll_fd);
	cleanup_close(&terminal->resize_fd);
	cleanup_close(&terminal->stderr_fd);
	cleanup_close(&terminal->said_fd);
	free(terminal);
}

int terminal_fd(const struct terminal *terminal)
{
	return terminal->epoll_fd;
}

bool terminal_has_utf8(const struct terminal *terminal __attribute__((unused)))
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* --- size and keys ------------------------------------------------------------------------ */

int terminal_fit(struct terminal *terminal, struct screen *screen)
{
	struct signalfd_siginfo told;
	struct winsize size;

	while (read(terminal->resize_fd, &told, sizeof(told)) > 0)
		continue;
	/* not resizeterm(), which would tell getch(), too */
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col &&
	    is_term_resized(size.ws_row, size.ws_col))
		resize_term(size.ws_row, size.ws_col);
	if (screen->cells && screen->rows == (unsigned int)LINES &&
	    screen->columns == (unsigned int)COLS)
		return 0;
	/* the terminal may have moved its lines about: all are drawn anew */
	clearok(stdscr, TRUE);
	return screen_resize(screen, (unsigned int)LINES, (unsigned int)COLS);
}

static const struct key {
	int code;
	enum live_key key;
} keys[] = {
	{'q', LIVE_KEY_QUIT},
	{KEY_UP, LIVE_KEY_UP},
	{'k', LIVE_KEY_UP},
	{KEY_DOWN, LIVE_KEY_DOWN},
	{'j', LIVE_KEY_DOWN},
	{KEY_PPAGE, LIVE_KEY_PAGE_UP},
	{KEY_NPAGE, LIVE_KEY_PAGE_DOWN},
	{'\r', LIVE_KEY_OPEN},
	{'\n', LIVE_KEY_OPEN},
	{KEY_ENTER, LIVE_KEY_OPEN},
	{KEY_RIGHT, LIVE_KEY_OPEN},
	{'p', LIVE_KEY_BACK},
	{KEY_ESCAPE, LIVE_KEY_BACK},
	{KEY_BACKSPACE, LIVE_KEY_BACK},
	{KEY_LEFT, LIVE_KEY_BACK},
	{'c', LIVE_KEY_CGROUPS},
	{'s', LIVE_KEY_SORT},
};

static enum live_key key_of(int code)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].code == code)
			return keys[i].key;
	return LIVE_KEY_NONE;
}

/* Then it can always be read, and there is never anything. */
static bool has_hung_up(const struct terminal *terminal)
{
	struct pollfd input = {.fd = fileno(terminal->input), .events = POLLIN};

	return poll(&input, 1, 0) > 0 && input.revents & (POLLHUP | POLLERR);
}

bool terminal_key(struct terminal *terminal, enum live_key *ret_key)
{
	int code;

	*ret_key = LIVE_KEY_NONE;
	while (*ret_key == LIVE_KEY_NONE && (code = getch()) != ERR)
		*ret_key = key_of(code);
	return *ret_key != LIVE_KEY_NONE || !has_hung_up(terminal);
}

/* --- showing ------------------------------------------------------------------------------ */

static attr_t attributes_of(const struct terminal *terminal, const struct screen_cell *cell)
{
	static const attr_t plain[STYLE_COUNT] = {
		[STYLE_STRONG] = A_BOLD,
		[STYLE_FAINT] = A_DIM,
		[STYLE_ALARM] = A_BOLD,
	};

	return plain[cell->style] | (cell->selected ? A_REVERSE : 0) |
	       (terminal->color ? COLOR_PAIR(cell->style) : 0);
}

static void show_cell(const struct terminal *terminal, const struct screen *screen,
		      unsigned int row, unsigned int column)
{
	const struct screen_cell *cell = screen_at(screen, row, column);
	const wchar_t text[2] = {(wchar_t)cell->character, L'\0'};
	cchar_t shown;

	if (!cell->character)
		return;
	setcchar(&shown, text, attributes_of(terminal, cell),
		 terminal->color ? (short)cell->style : 0, NULL);
	mvadd_wch((int)row, (int)column, &shown);
}

void terminal_show(struct terminal *terminal, const struct screen *screen)
{
	for (unsigned int row = 0; row < screen->rows; row++)
		for (unsigned int column = 0; column < screen->columns; column++)
			show_cell(terminal, screen, row, column);
	refresh();
}
