// SPDX-License-Identifier: GPL-2.0-or-later
/* C++ as it is shipped: templates, containers, exceptions that unwind through frames that clean up. */
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

template <int depth> struct nest {
	static __attribute__((noinline)) std::string grow(std::vector<std::string> &keep, int number)
	{
		auto held = std::make_unique<std::string>(200 + depth, 'x');

		keep.push_back(nest<depth - 1>::grow(keep, number) + *held);
		return keep.back().substr(0, 64);
	}
};

template <> struct nest<0> {
	static __attribute__((noinline)) std::string grow(std::vector<std::string> &keep, int number)
	{
		keep.emplace_back(100, 'y');
		if (number % 3 == 0)
			throw std::runtime_error(std::string(500, 'z'));
		return "leaf";
	}
};

int main()
{
	std::map<int, std::vector<std::string>> all;
	int caught = 0;

	for (int i = 0; i < 20000; i++) {
		try {
			nest<12>::grow(all[i % 100], i);
		} catch (const std::exception &) {
			caught++;
		}
	}
	std::cout << caught << "\n";
}
