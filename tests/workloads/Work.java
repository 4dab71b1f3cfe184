// SPDX-License-Identifier: GPL-2.0-or-later
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The corpus's Java: java Work CASE MIB, until it is killed. */
class Work {
	static final List<Object> kept = new ArrayList<>();
	static double scale = 1;

	static void rest(double seconds) throws InterruptedException {
		Thread.sleep((long) (seconds * 1000 * scale));
	}

	/** Beside the heap, so that no collector sees how much it is. */
	static void direct(int limit) throws InterruptedException {
		for (;;) {
			ByteBuffer buffer = ByteBuffer.allocateDirect(limit / 400);
			for (int i = 0; i < buffer.capacity(); i += 512)
				buffer.put(i, (byte) 1);
			kept.add(buffer);
			rest(0.12);
		}
	}

	static void heap(int limit) throws InterruptedException {
		for (;;) {
			kept.add(new byte[limit / 400]);
			rest(0.1);
		}
	}

	/** Garbage alone: a collector that thinks it has room lets it lie. */
	static void garbage(int limit) throws InterruptedException {
		for (int turn = 0;; turn++) {
			byte[] page = new byte[limit / 300];
			page[turn % page.length] = 1;
			if (kept.size() > 120)
				kept.clear();
			kept.add(page);
			rest(0.01);
		}
	}

	static void threads(int limit) throws InterruptedException {
		for (;;) {
			Thread thread = new Thread(null, () -> deep(2500), "connection", 4 << 20);
			thread.setDaemon(true);
			thread.start();
			rest(0.25);
		}
	}

	static void deep(int depth) {
		long a = depth, b = depth + 1, c = depth + 2, d = depth + 3;
		if (depth > 0)
			deep(depth - 1);
		else
			for (;;)
				try {
					Thread.sleep(100000);
				} catch (InterruptedException e) {
					return;
				}
		if (a + b + c + d == 7)
			kept.add(a);
	}

	public static void main(String[] words) throws InterruptedException {
		int limit = Integer.parseInt(words[1]) << 20;

		if (System.getenv("SCALE") != null)
			scale = Double.parseDouble(System.getenv("SCALE"));
		switch (words[0]) {
		case "direct": direct(limit); break;
		case "heap": heap(limit); break;
		case "garbage": garbage(limit); break;
		case "threads": threads(limit); break;
		}
	}
}
