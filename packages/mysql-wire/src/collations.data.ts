/**
 * Collation ids of MySQL 9 and MariaDB 10.11 (the latter's own: Unicode, latin1, ascii only).
 * `*_croatian_ci`, whose ids mean different things in the two, is left out.
 */
export const COLLATIONS_BY_CHARSET: Readonly<Record<string, string>> = {
  armscii8: "32 general_ci, 64 bin",
  ascii: "11 general_ci, 65 bin, 1035 general_nopad_ci, 1089 nopad_bin",
  big5: "1 chinese_ci, 84 bin",
  binary: "63",
  cp1250: "26 general_ci, 34 czech_cs, 44 croatian_ci, 66 bin, 99 polish_ci",
  cp1251: "14 bulgarian_ci, 23 ukrainian_ci, 50 bin, 51 general_ci, 52 general_cs",
  cp1256: "57 general_ci, 67 bin",
  cp1257: "29 lithuanian_ci, 58 bin, 59 general_ci",
  cp850: "4 general_ci, 80 bin",
  cp852: "40 general_ci, 81 bin",
  cp866: "36 general_ci, 68 bin",
  cp932: "95 japanese_ci, 96 bin",
  dec8: "3 swedish_ci, 69 bin",
  eucjpms: "97 japanese_ci, 98 bin",
  euckr: "19 korean_ci, 85 bin",
  gb18030: "248 chinese_ci, 249 bin, 250 unicode_520_ci",
  gb2312: "24 chinese_ci, 86 bin",
  gbk: "28 chinese_ci, 87 bin",
  geostd8: "92 general_ci, 93 bin",
  greek: "25 general_ci, 70 bin",
  hebrew: "16 general_ci, 71 bin",
  hp8: "6 english_ci, 72 bin",
  keybcs2: "37 general_ci, 73 bin",
  koi8r: "7 general_ci, 74 bin",
  koi8u: "22 general_ci, 75 bin",
  latin1:
    "5 german1_ci, 8 swedish_ci, 15 danish_ci, 31 german2_ci, 47 bin, 48 general_ci, " +
    "49 general_cs, 94 spanish_ci, 1032 swedish_nopad_ci, 1071 nopad_bin",
  latin2: "2 czech_cs, 9 general_ci, 21 hungarian_ci, 27 croatian_ci, 77 bin",
  latin5: "30 turkish_ci, 78 bin",
  latin7: "20 estonian_cs, 41 general_ci, 42 general_cs, 79 bin",
  macce: "38 general_ci, 43 bin",
  macroman: "39 general_ci, 53 bin",
  sjis: "13 japanese_ci, 88 bin",
  swe7: "10 swedish_ci, 82 bin",
  tis620: "18 thai_ci, 89 bin",
  ucs2:
    "35 general_ci, 90 bin, 128 unicode_ci, 129 icelandic_ci, 130 latvian_ci, " +
    "131 romanian_ci, 132 slovenian_ci, 133 polish_ci, 134 estonian_ci, 135 spanish_ci, " +
    "136 swedish_ci, 137 turkish_ci, 138 czech_ci, 139 danish_ci, 140 lithuanian_ci, " +
    "141 slovak_ci, 142 spanish2_ci, 143 roman_ci, 144 persian_ci, 145 esperanto_ci, " +
    "146 hungarian_ci, 147 sinhala_ci, 148 german2_ci, " +
    "150 unicode_520_ci, 151 vietnamese_ci, 159 general_mysql500_ci",
  ujis: "12 japanese_ci, 91 bin",
  utf16:
    "54 general_ci, 55 bin, 101 unicode_ci, 102 icelandic_ci, 103 latvian_ci, " +
    "104 romanian_ci, 105 slovenian_ci, 106 polish_ci, 107 estonian_ci, 108 spanish_ci, " +
    "109 swedish_ci, 110 turkish_ci, 111 czech_ci, 112 danish_ci, 113 lithuanian_ci, " +
    "114 slovak_ci, 115 spanish2_ci, 116 roman_ci, 117 persian_ci, 118 esperanto_ci, " +
    "119 hungarian_ci, 120 sinhala_ci, 121 german2_ci, " +
    "123 unicode_520_ci, 124 vietnamese_ci",
  utf16le: "56 general_ci, 62 bin",
  utf32:
    "60 general_ci, 61 bin, 160 unicode_ci, 161 icelandic_ci, 162 latvian_ci, " +
    "163 romanian_ci, 164 slovenian_ci, 165 polish_ci, 166 estonian_ci, 167 spanish_ci, " +
    "168 swedish_ci, 169 turkish_ci, 170 czech_ci, 171 danish_ci, 172 lithuanian_ci, " +
    "173 slovak_ci, 174 spanish2_ci, 175 roman_ci, 176 persian_ci, 177 esperanto_ci, " +
    "178 hungarian_ci, 179 sinhala_ci, 180 german2_ci, " +
    "182 unicode_520_ci, 183 vietnamese_ci",
  utf8mb3:
    "33 general_ci, 76 tolower_ci, 83 bin, 192 unicode_ci, 193 icelandic_ci, " +
    "194 latvian_ci, 195 romanian_ci, 196 slovenian_ci, 197 polish_ci, 198 estonian_ci, " +
    "199 spanish_ci, 200 swedish_ci, 201 turkish_ci, 202 czech_ci, 203 danish_ci, " +
    "204 lithuanian_ci, 205 slovak_ci, 206 spanish2_ci, 207 roman_ci, 208 persian_ci, " +
    "209 esperanto_ci, 210 hungarian_ci, 211 sinhala_ci, 212 german2_ci, " +
    "214 unicode_520_ci, 215 vietnamese_ci, 223 general_mysql500_ci, " +
    "577 myanmar_ci, 578 thai_520_w2, 1057 general_nopad_ci, 1107 nopad_bin, " +
    "1216 unicode_nopad_ci, 1238 unicode_520_nopad_ci, 2048 uca1400_ai_ci, " +
    "2049 uca1400_ai_cs, 2050 uca1400_as_ci, 2051 uca1400_as_cs, 2052 uca1400_nopad_ai_ci, " +
    "2053 uca1400_nopad_ai_cs, 2054 uca1400_nopad_as_ci, 2055 uca1400_nopad_as_cs, " +
    "2056 uca1400_icelandic_ai_ci, 2057 uca1400_icelandic_ai_cs, " +
    "2058 uca1400_icelandic_as_ci, 2059 uca1400_icelandic_as_cs, " +
    "2060 uca1400_icelandic_nopad_ai_ci, 2061 uca1400_icelandic_nopad_ai_cs, " +
    "2062 uca1400_icelandic_nopad_as_ci, 2063 uca1400_icelandic_nopad_as_cs, " +
    "2064 uca1400_latvian_ai_ci, 2065 uca1400_latvian_ai_cs, 2066 uca1400_latvian_as_ci, " +
    "2067 uca1400_latvian_as_cs, 2068 uca1400_latvian_nopad_ai_ci, " +
    "2069 uca1400_latvian_nopad_ai_cs, 2070 uca1400_latvian_nopad_as_ci, " +
    "2071 uca1400_latvian_nopad_as_cs, 2072 uca1400_romanian_ai_ci, " +
    "2073 uca1400_romanian_ai_cs, 2074 uca1400_romanian_as_ci, " +
    "2075 uca1400_romanian_as_cs, 2076 uca1400_romanian_nopad_ai_ci, " +
    "2077 uca1400_romanian_nopad_ai_cs, 2078 uca1400_romanian_nopad_as_ci, " +
    "2079 uca1400_romanian_nopad_as_cs, 2080 uca1400_slovenian_ai_ci, " +
    "2081 uca1400_slovenian_ai_cs, 2082 uca1400_slovenian_as_ci, " +
    "2083 uca1400_slovenian_as_cs, 2084 uca1400_slovenian_nopad_ai_ci, " +
    "2085 uca1400_slovenian_nopad_ai_cs, 2086 uca1400_slovenian_nopad_as_ci, " +
    "2087 uca1400_slovenian_nopad_as_cs, 2088 uca1400_polish_ai_ci, " +
    "2089 uca1400_polish_ai_cs, 2090 uca1400_polish_as_ci, 2091 uca1400_polish_as_cs, " +
    "2092 uca1400_polish_nopad_ai_ci, 2093 uca1400_polish_nopad_ai_cs, " +
    "2094 uca1400_polish_nopad_as_ci, 2095 uca1400_polish_nopad_as_cs, " +
    "2096 uca1400_estonian_ai_ci, 2097 uca1400_estonian_ai_cs, " +
    "2098 uca1400_estonian_as_ci, 2099 uca1400_estonian_as_cs, " +
    "2100 uca1400_estonian_nopad_ai_ci, 2101 uca1400_estonian_nopad_ai_cs, " +
    "2102 uca1400_estonian_nopad_as_ci, 2103 uca1400_estonian_nopad_as_cs, " +
    "2104 uca1400_spanish_ai_ci, 2105 uca1400_spanish_ai_cs, 2106 uca1400_spanish_as_ci, " +
    "2107 uca1400_spanish_as_cs, 2108 uca1400_spanish_nopad_ai_ci, " +
    "2109 uca1400_spanish_nopad_ai_cs, 2110 uca1400_spanish_nopad_as_ci, " +
    "2111 uca1400_spanish_nopad_as_cs, 2112 uca1400_swedish_ai_ci, " +
    "2113 uca1400_swedish_ai_cs, 2114 uca1400_swedish_as_ci, 2115 uca1400_swedish_as_cs, " +
    "2116 uca1400_swedish_nopad_ai_ci, 2117 uca1400_swedish_nopad_ai_cs, " +
    "2118 uca1400_swedish_nopad_as_ci, 2119 uca1400_swedish_nopad_as_cs, " +
    "2120 uca1400_turkish_ai_ci, 2121 uca1400_turkish_ai_cs, 2122 uca1400_turkish_as_ci, " +
    "2123 uca1400_turkish_as_cs, 2124 uca1400_turkish_nopad_ai_ci, " +
    "2125 uca1400_turkish_nopad_ai_cs, 2126 uca1400_turkish_nopad_as_ci, " +
    "2127 uca1400_turkish_nopad_as_cs, 2128 uca1400_czech_ai_ci, 2129 uca1400_czech_ai_cs, " +
    "2130 uca1400_czech_as_ci, 2131 uca1400_czech_as_cs, 2132 uca1400_czech_nopad_ai_ci, " +
    "2133 uca1400_czech_nopad_ai_cs, 2134 uca1400_czech_nopad_as_ci, " +
    "2135 uca1400_czech_nopad_as_cs, 2136 uca1400_danish_ai_ci, 2137 uca1400_danish_ai_cs, " +
    "2138 uca1400_danish_as_ci, 2139 uca1400_danish_as_cs, " +
    "2140 uca1400_danish_nopad_ai_ci, 2141 uca1400_danish_nopad_ai_cs, " +
    "2142 uca1400_danish_nopad_as_ci, 2143 uca1400_danish_nopad_as_cs, " +
    "2144 uca1400_lithuanian_ai_ci, 2145 uca1400_lithuanian_ai_cs, " +
    "2146 uca1400_lithuanian_as_ci, 2147 uca1400_lithuanian_as_cs, " +
    "2148 uca1400_lithuanian_nopad_ai_ci, 2149 uca1400_lithuanian_nopad_ai_cs, " +
    "2150 uca1400_lithuanian_nopad_as_ci, 2151 uca1400_lithuanian_nopad_as_cs, " +
    "2152 uca1400_slovak_ai_ci, 2153 uca1400_slovak_ai_cs, 2154 uca1400_slovak_as_ci, " +
    "2155 uca1400_slovak_as_cs, 2156 uca1400_slovak_nopad_ai_ci, " +
    "2157 uca1400_slovak_nopad_ai_cs, 2158 uca1400_slovak_nopad_as_ci, " +
    "2159 uca1400_slovak_nopad_as_cs, 2160 uca1400_spanish2_ai_ci, " +
    "2161 uca1400_spanish2_ai_cs, 2162 uca1400_spanish2_as_ci, " +
    "2163 uca1400_spanish2_as_cs, 2164 uca1400_spanish2_nopad_ai_ci, " +
    "2165 uca1400_spanish2_nopad_ai_cs, 2166 uca1400_spanish2_nopad_as_ci, " +
    "2167 uca1400_spanish2_nopad_as_cs, 2168 uca1400_roman_ai_ci, " +
    "2169 uca1400_roman_ai_cs, 2170 uca1400_roman_as_ci, 2171 uca1400_roman_as_cs, " +
    "2172 uca1400_roman_nopad_ai_ci, 2173 uca1400_roman_nopad_ai_cs, " +
    "2174 uca1400_roman_nopad_as_ci, 2175 uca1400_roman_nopad_as_cs, " +
    "2176 uca1400_persian_ai_ci, 2177 uca1400_persian_ai_cs, 2178 uca1400_persian_as_ci, " +
    "2179 uca1400_persian_as_cs, 2180 uca1400_persian_nopad_ai_ci, " +
    "2181 uca1400_persian_nopad_ai_cs, 2182 uca1400_persian_nopad_as_ci, " +
    "2183 uca1400_persian_nopad_as_cs, 2184 uca1400_esperanto_ai_ci, " +
    "2185 uca1400_esperanto_ai_cs, 2186 uca1400_esperanto_as_ci, " +
    "2187 uca1400_esperanto_as_cs, 2188 uca1400_esperanto_nopad_ai_ci, " +
    "2189 uca1400_esperanto_nopad_ai_cs, 2190 uca1400_esperanto_nopad_as_ci, " +
    "2191 uca1400_esperanto_nopad_as_cs, 2192 uca1400_hungarian_ai_ci, " +
    "2193 uca1400_hungarian_ai_cs, 2194 uca1400_hungarian_as_ci, " +
    "2195 uca1400_hungarian_as_cs, 2196 uca1400_hungarian_nopad_ai_ci, " +
    "2197 uca1400_hungarian_nopad_ai_cs, 2198 uca1400_hungarian_nopad_as_ci, " +
    "2199 uca1400_hungarian_nopad_as_cs, 2200 uca1400_sinhala_ai_ci, " +
    "2201 uca1400_sinhala_ai_cs, 2202 uca1400_sinhala_as_ci, 2203 uca1400_sinhala_as_cs, " +
    "2204 uca1400_sinhala_nopad_ai_ci, 2205 uca1400_sinhala_nopad_ai_cs, " +
    "2206 uca1400_sinhala_nopad_as_ci, 2207 uca1400_sinhala_nopad_as_cs, " +
    "2208 uca1400_german2_ai_ci, 2209 uca1400_german2_ai_cs, 2210 uca1400_german2_as_ci, " +
    "2211 uca1400_german2_as_cs, 2212 uca1400_german2_nopad_ai_ci, " +
    "2213 uca1400_german2_nopad_ai_cs, 2214 uca1400_german2_nopad_as_ci, " +
    "2215 uca1400_german2_nopad_as_cs, 2232 uca1400_vietnamese_ai_ci, " +
    "2233 uca1400_vietnamese_ai_cs, 2234 uca1400_vietnamese_as_ci, " +
    "2235 uca1400_vietnamese_as_cs, 2236 uca1400_vietnamese_nopad_ai_ci, " +
    "2237 uca1400_vietnamese_nopad_ai_cs, 2238 uca1400_vietnamese_nopad_as_ci, " +
    "2239 uca1400_vietnamese_nopad_as_cs, 2240 uca1400_croatian_ai_ci, " +
    "2241 uca1400_croatian_ai_cs, 2242 uca1400_croatian_as_ci, " +
    "2243 uca1400_croatian_as_cs, 2244 uca1400_croatian_nopad_ai_ci, " +
    "2245 uca1400_croatian_nopad_ai_cs, 2246 uca1400_croatian_nopad_as_ci, " +
    "2247 uca1400_croatian_nopad_as_cs",
  utf8mb4:
    "45 general_ci, 46 bin, 224 unicode_ci, 225 icelandic_ci, 226 latvian_ci, " +
    "227 romanian_ci, 228 slovenian_ci, 229 polish_ci, 230 estonian_ci, 231 spanish_ci, " +
    "232 swedish_ci, 233 turkish_ci, 234 czech_ci, 235 danish_ci, 236 lithuanian_ci, " +
    "237 slovak_ci, 238 spanish2_ci, 239 roman_ci, 240 persian_ci, 241 esperanto_ci, " +
    "242 hungarian_ci, 243 sinhala_ci, 244 german2_ci, " +
    "246 unicode_520_ci, 247 vietnamese_ci, 255 0900_ai_ci, 256 de_pb_0900_ai_ci, " +
    "257 is_0900_ai_ci, 258 lv_0900_ai_ci, 259 ro_0900_ai_ci, 260 sl_0900_ai_ci, " +
    "261 pl_0900_ai_ci, 262 et_0900_ai_ci, 263 es_0900_ai_ci, 264 sv_0900_ai_ci, " +
    "265 tr_0900_ai_ci, 266 cs_0900_ai_ci, 267 da_0900_ai_ci, 268 lt_0900_ai_ci, " +
    "269 sk_0900_ai_ci, 270 es_trad_0900_ai_ci, 271 la_0900_ai_ci, 273 eo_0900_ai_ci, " +
    "274 hu_0900_ai_ci, 275 hr_0900_ai_ci, 277 vi_0900_ai_ci, 278 0900_as_cs, " +
    "279 de_pb_0900_as_cs, 280 is_0900_as_cs, 281 lv_0900_as_cs, 282 ro_0900_as_cs, " +
    "283 sl_0900_as_cs, 284 pl_0900_as_cs, 285 et_0900_as_cs, 286 es_0900_as_cs, " +
    "287 sv_0900_as_cs, 288 tr_0900_as_cs, 289 cs_0900_as_cs, 290 da_0900_as_cs, " +
    "291 lt_0900_as_cs, 292 sk_0900_as_cs, 293 es_trad_0900_as_cs, 294 la_0900_as_cs, " +
    "296 eo_0900_as_cs, 297 hu_0900_as_cs, 298 hr_0900_as_cs, 300 vi_0900_as_cs, " +
    "303 ja_0900_as_cs, 304 ja_0900_as_cs_ks, 305 0900_as_ci, 306 ru_0900_ai_ci, " +
    "307 ru_0900_as_cs, 308 zh_0900_as_cs, 309 0900_bin, 310 nb_0900_ai_ci, " +
    "311 nb_0900_as_cs, 312 nn_0900_ai_ci, 313 nn_0900_as_cs, 314 sr_latn_0900_ai_ci, " +
    "315 sr_latn_0900_as_cs, 316 bs_0900_ai_ci, 317 bs_0900_as_cs, 318 bg_0900_ai_ci, " +
    "319 bg_0900_as_cs, 320 gl_0900_ai_ci, 321 gl_0900_as_cs, 322 mn_cyrl_0900_ai_ci, " +
    "323 mn_cyrl_0900_as_cs, 609 myanmar_ci, 610 thai_520_w2, " +
    "1069 general_nopad_ci, 1070 nopad_bin, 1248 unicode_nopad_ci, " +
    "1270 unicode_520_nopad_ci, 2304 uca1400_ai_ci, 2305 uca1400_ai_cs, " +
    "2306 uca1400_as_ci, 2307 uca1400_as_cs, 2308 uca1400_nopad_ai_ci, " +
    "2309 uca1400_nopad_ai_cs, 2310 uca1400_nopad_as_ci, 2311 uca1400_nopad_as_cs, " +
    "2312 uca1400_icelandic_ai_ci, 2313 uca1400_icelandic_ai_cs, " +
    "2314 uca1400_icelandic_as_ci, 2315 uca1400_icelandic_as_cs, " +
    "2316 uca1400_icelandic_nopad_ai_ci, 2317 uca1400_icelandic_nopad_ai_cs, " +
    "2318 uca1400_icelandic_nopad_as_ci, 2319 uca1400_icelandic_nopad_as_cs, " +
    "2320 uca1400_latvian_ai_ci, 2321 uca1400_latvian_ai_cs, 2322 uca1400_latvian_as_ci, " +
    "2323 uca1400_latvian_as_cs, 2324 uca1400_latvian_nopad_ai_ci, " +
    "2325 uca1400_latvian_nopad_ai_cs, 2326 uca1400_latvian_nopad_as_ci, " +
    "2327 uca1400_latvian_nopad_as_cs, 2328 uca1400_romanian_ai_ci, " +
    "2329 uca1400_romanian_ai_cs, 2330 uca1400_romanian_as_ci, " +
    "2331 uca1400_romanian_as_cs, 2332 uca1400_romanian_nopad_ai_ci, " +
    "2333 uca1400_romanian_nopad_ai_cs, 2334 uca1400_romanian_nopad_as_ci, " +
    "2335 uca1400_romanian_nopad_as_cs, 2336 uca1400_slovenian_ai_ci, " +
    "2337 uca1400_slovenian_ai_cs, 2338 uca1400_slovenian_as_ci, " +
    "2339 uca1400_slovenian_as_cs, 2340 uca1400_slovenian_nopad_ai_ci, " +
    "2341 uca1400_slovenian_nopad_ai_cs, 2342 uca1400_slovenian_nopad_as_ci, " +
    "2343 uca1400_slovenian_nopad_as_cs, 2344 uca1400_polish_ai_ci, " +
    "2345 uca1400_polish_ai_cs, 2346 uca1400_polish_as_ci, 2347 uca1400_polish_as_cs, " +
    "2348 uca1400_polish_nopad_ai_ci, 2349 uca1400_polish_nopad_ai_cs, " +
    "2350 uca1400_polish_nopad_as_ci, 2351 uca1400_polish_nopad_as_cs, " +
    "2352 uca1400_estonian_ai_ci, 2353 uca1400_estonian_ai_cs, " +
    "2354 uca1400_estonian_as_ci, 2355 uca1400_estonian_as_cs, " +
    "2356 uca1400_estonian_nopad_ai_ci, 2357 uca1400_estonian_nopad_ai_cs, " +
    "2358 uca1400_estonian_nopad_as_ci, 2359 uca1400_estonian_nopad_as_cs, " +
    "2360 uca1400_spanish_ai_ci, 2361 uca1400_spanish_ai_cs, 2362 uca1400_spanish_as_ci, " +
    "2363 uca1400_spanish_as_cs, 2364 uca1400_spanish_nopad_ai_ci, " +
    "2365 uca1400_spanish_nopad_ai_cs, 2366 uca1400_spanish_nopad_as_ci, " +
    "2367 uca1400_spanish_nopad_as_cs, 2368 uca1400_swedish_ai_ci, " +
    "2369 uca1400_swedish_ai_cs, 2370 uca1400_swedish_as_ci, 2371 uca1400_swedish_as_cs, " +
    "2372 uca1400_swedish_nopad_ai_ci, 2373 uca1400_swedish_nopad_ai_cs, " +
    "2374 uca1400_swedish_nopad_as_ci, 2375 uca1400_swedish_nopad_as_cs, " +
    "2376 uca1400_turkish_ai_ci, 2377 uca1400_turkish_ai_cs, 2378 uca1400_turkish_as_ci, " +
    "2379 uca1400_turkish_as_cs, 2380 uca1400_turkish_nopad_ai_ci, " +
    "2381 uca1400_turkish_nopad_ai_cs, 2382 uca1400_turkish_nopad_as_ci, " +
    "2383 uca1400_turkish_nopad_as_cs, 2384 uca1400_czech_ai_ci, 2385 uca1400_czech_ai_cs, " +
    "2386 uca1400_czech_as_ci, 2387 uca1400_czech_as_cs, 2388 uca1400_czech_nopad_ai_ci, " +
    "2389 uca1400_czech_nopad_ai_cs, 2390 uca1400_czech_nopad_as_ci, " +
    "2391 uca1400_czech_nopad_as_cs, 2392 uca1400_danish_ai_ci, 2393 uca1400_danish_ai_cs, " +
    "2394 uca1400_danish_as_ci, 2395 uca1400_danish_as_cs, " +
    "2396 uca1400_danish_nopad_ai_ci, 2397 uca1400_danish_nopad_ai_cs, " +
    "2398 uca1400_danish_nopad_as_ci, 2399 uca1400_danish_nopad_as_cs, " +
    "2400 uca1400_lithuanian_ai_ci, 2401 uca1400_lithuanian_ai_cs, " +
    "2402 uca1400_lithuanian_as_ci, 2403 uca1400_lithuanian_as_cs, " +
    "2404 uca1400_lithuanian_nopad_ai_ci, 2405 uca1400_lithuanian_nopad_ai_cs, " +
    "2406 uca1400_lithuanian_nopad_as_ci, 2407 uca1400_lithuanian_nopad_as_cs, " +
    "2408 uca1400_slovak_ai_ci, 2409 uca1400_slovak_ai_cs, 2410 uca1400_slovak_as_ci, " +
    "2411 uca1400_slovak_as_cs, 2412 uca1400_slovak_nopad_ai_ci, " +
    "2413 uca1400_slovak_nopad_ai_cs, 2414 uca1400_slovak_nopad_as_ci, " +
    "2415 uca1400_slovak_nopad_as_cs, 2416 uca1400_spanish2_ai_ci, " +
    "2417 uca1400_spanish2_ai_cs, 2418 uca1400_spanish2_as_ci, " +
    "2419 uca1400_spanish2_as_cs, 2420 uca1400_spanish2_nopad_ai_ci, " +
    "2421 uca1400_spanish2_nopad_ai_cs, 2422 uca1400_spanish2_nopad_as_ci, " +
    "2423 uca1400_spanish2_nopad_as_cs, 2424 uca1400_roman_ai_ci, " +
    "2425 uca1400_roman_ai_cs, 2426 uca1400_roman_as_ci, 2427 uca1400_roman_as_cs, " +
    "2428 uca1400_roman_nopad_ai_ci, 2429 uca1400_roman_nopad_ai_cs, " +
    "2430 uca1400_roman_nopad_as_ci, 2431 uca1400_roman_nopad_as_cs, " +
    "2432 uca1400_persian_ai_ci, 2433 uca1400_persian_ai_cs, 2434 uca1400_persian_as_ci, " +
    "2435 uca1400_persian_as_cs, 2436 uca1400_persian_nopad_ai_ci, " +
    "2437 uca1400_persian_nopad_ai_cs, 2438 uca1400_persian_nopad_as_ci, " +
    "2439 uca1400_persian_nopad_as_cs, 2440 uca1400_esperanto_ai_ci, " +
    "2441 uca1400_esperanto_ai_cs, 2442 uca1400_esperanto_as_ci, " +
    "2443 uca1400_esperanto_as_cs, 2444 uca1400_esperanto_nopad_ai_ci, " +
    "2445 uca1400_esperanto_nopad_ai_cs, 2446 uca1400_esperanto_nopad_as_ci, " +
    "2447 uca1400_esperanto_nopad_as_cs, 2448 uca1400_hungarian_ai_ci, " +
    "2449 uca1400_hungarian_ai_cs, 2450 uca1400_hungarian_as_ci, " +
    "2451 uca1400_hungarian_as_cs, 2452 uca1400_hungarian_nopad_ai_ci, " +
    "2453 uca1400_hungarian_nopad_ai_cs, 2454 uca1400_hungarian_nopad_as_ci, " +
    "2455 uca1400_hungarian_nopad_as_cs, 2456 uca1400_sinhala_ai_ci, " +
    "2457 uca1400_sinhala_ai_cs, 2458 uca1400_sinhala_as_ci, 2459 uca1400_sinhala_as_cs, " +
    "2460 uca1400_sinhala_nopad_ai_ci, 2461 uca1400_sinhala_nopad_ai_cs, " +
    "2462 uca1400_sinhala_nopad_as_ci, 2463 uca1400_sinhala_nopad_as_cs, " +
    "2464 uca1400_german2_ai_ci, 2465 uca1400_german2_ai_cs, 2466 uca1400_german2_as_ci, " +
    "2467 uca1400_german2_as_cs, 2468 uca1400_german2_nopad_ai_ci, " +
    "2469 uca1400_german2_nopad_ai_cs, 2470 uca1400_german2_nopad_as_ci, " +
    "2471 uca1400_german2_nopad_as_cs, 2488 uca1400_vietnamese_ai_ci, " +
    "2489 uca1400_vietnamese_ai_cs, 2490 uca1400_vietnamese_as_ci, " +
    "2491 uca1400_vietnamese_as_cs, 2492 uca1400_vietnamese_nopad_ai_ci, " +
    "2493 uca1400_vietnamese_nopad_ai_cs, 2494 uca1400_vietnamese_nopad_as_ci, " +
    "2495 uca1400_vietnamese_nopad_as_cs, 2496 uca1400_croatian_ai_ci, " +
    "2497 uca1400_croatian_ai_cs, 2498 uca1400_croatian_as_ci, " +
    "2499 uca1400_croatian_as_cs, 2500 uca1400_croatian_nopad_ai_ci, " +
    "2501 uca1400_croatian_nopad_ai_cs, 2502 uca1400_croatian_nopad_as_ci, " +
    "2503 uca1400_croatian_nopad_as_cs",
};
