// SPDX-License-Identifier: GPL-2.0-or-later
/** A JVM that interprets, compiles, collects and runs threads. */
import java.util.HashMap;
import java.util.Map;

public class Grow {
    static Map<Integer, String> grow(int number) {
        Map<Integer, String> map = new HashMap<>();
        for (int i = 0; i < 300000; i++)
            map.put(i, "value " + i * number);
        return map;
    }

    public static void main(String[] arguments) throws Exception {
        Thread other = new Thread(() -> System.out.println(grow(3).size()));
        other.start();
        System.out.println(grow(2).size());
        other.join();
    }
}
