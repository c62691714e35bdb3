type Words = readonly [string, ...string[]];

function words(text: string): Words {
  const [first = "", ...rest] = text.trim().split(/\s+/);
  return [first, ...rest];
}

function lines(text: string): Words {
  const [first = "", ...rest] = text.trim().split(/\s*\n\s*/);
  return [first, ...rest];
}

export const GIVEN_NAMES = words(`
  Ada Adela Agnes Aiko Alain Alba Alec Alma Amara Amir Ana Anders Andrea Anita Anton Aoife Arjun
  Arlo Astrid Aya Beatriz Bela Benoit Bianca Bo Boris Bridget Bruno Camille Carla Carmen Cecil
  Celeste Chen Chiara Claude Clara Conrad Cora Cyrus Dagny Dalia Dario David Dev Diego Dina Dolores
  Dora Edda Eduardo Eileen Elena Elias Elif Elsa Emil Emma Enzo Erik Esme Esther Ewan Fadi Fatima
  Felix Fiona Flora Frank Freya Gabriel Gemma George Gina Giulia Greta Gustav Hana Hannah Harriet
  Hassan Hector Helga Henrik Hiro Hugo Ida Ignacio Ilse Imani Ingrid Irene Isaac Ivan Ivy Jack
  Jamal Jana Jasper Javier Jean Jiro Joan Jonas Jorge Josefa Judith Julia Kai Karim Karin Kasper
  Kenji Klara Kofi Lars Laszlo Laura Leila Lena Leo Lia Lin Linnea Lorenzo Louis Lucia Ludo Lydia
  Mabel Magnus Malik Manon Marco Margit Maria Marit Marta Mateo Matilda Max Mei Mila Milan Mina
  Miriam Moira Mona Nadia Naomi Nell Nikolai Nina Nora Odette Olga Oliver Omar Orson Oscar Otto
  Pablo Paula Pavel Pedro Petra Philippa Pia Priya Quentin Rafael Ravi Regina Renata Rhea Rita
  Robert Rosa Rune Ruth Sabine Samir Sana Sara Sean Selma Sergei Signe Silvia Simone Sofia Soren
  Stella Sunita Susan Sven Sylvie Tamar Tariq Tessa Theo Thora Tilda Tomas Toshi Ugo Ulla Una Vera
  Viktor Vincent Viola Walter Wanda Wei William Wim Xavier Yara Yosef Yuki Yusuf Yvonne Zadie Zoe`);

export const FAMILY_NAMES = words(`
  Abara Abbot Abe Acosta Adler Aguilar Ahlberg Akande Alder Almeida Amato Andrade Arai Archer
  Arnaud Ashby Aydin Bakker Banks Barros Bauer Becker Bell Benitez Berg Bertrand Bianchi Blake
  Blanc Boateng Bonnet Borg Brandt Brennan Briggs Brun Bukowski Caine Calder Campos Cardoso Carlsen
  Carver Castro Chandra Chase Chevalier Cho Clarke Cole Conti Cordero Costa Crane Cruz Dahl Danner
  Das Deluca Demir Diallo Dietrich Dobbs Doyle Drake Dubois Duarte Eastwick Eaton Ekberg Eklund
  Ellery Engel Eriksen Esposito Evans Fabre Falk Farouk Ferrari Fischer Fleming Flores Fontaine
  Forde Foss Fournier Frey Fujita Gallo Garcia Garner Gauthier Gibbs Girard Goldman Gomez Grant
  Greco Grieg Grimaldi Guerin Haas Habib Hagen Hale Halloran Hansen Hara Harlow Hart Hassan Hayashi
  Heller Hendricks Herrera Hill Hoffman Holm Horvat Huang Hughes Ibarra Ibsen Idris Ingram Ito
  Iversen Jansen Jensen Jimenez Johansson Jovic Juarez Kane Kapoor Karlsson Kato Keane Keller Khan
  Kim Kimura King Klein Koch Kovacs Kowalski Kruger Kumar Laine Lambert Lang Larsen Laurent Leclerc
  Lee Leroy Levi Lima Lind Lindgren Lopez Lund Lutz Mackay Maier Malik Marchetti Marin Marlowe
  Martel Mason Mendes Mercier Meyer Mishra Molina Monroe Morales Moreau Mori Moss Munro Nakamura
  Navarro Nielsen Nolan Norberg Novak Nunez Oakley Obi Ochoa Okafor Olsen Ono Ortega Osei Ozturk
  Padilla Palmer Park Pascal Patel Pavlov Pereira Petit Pham Pinto Popov Price Quiroga Quist
  Rahman Ramos Rao Reed Reyes Ricci Richter Rios Rivera Rocha Romano Rosen Rossi Roux Ruiz Russo
  Saito Salazar Sanders Santos Sato Schmidt Schneider Scott Serra Shah Shaw Silva Simon Singh
  Sorensen Sousa Stark Steele Stein Strand Suarez Sutter Suzuki Svensson Tanaka Tang Taylor Thorne
  Torres Tran Turner Uchida Usman Vale Vargas Varga Vega Vidal Vogel Voss Wagner Walsh Wang Ward
  Weber Weiss West Wilde Winter Wolf Wright Wu Yamada Yang Yilmaz York Young Zamora Zeller Zhang`);

export const ADJECTIVES = words(`
  Absent Ancient Bitter Black Blind Blue Boundless Brave Bright Broken Buried Burning Careless
  Certain Cold Common Cruel Crimson Dark Deep Distant Divided Drowned Dry Eager Early Electric
  Empty Endless Eternal Faint Fallen False Far Fatal Fearless Final First Forgotten Fragile Free
  Frozen Gentle Ghostly Gilded Golden Good Grand Gray Great Green Guilty Half Hidden High Hollow
  Honest Hungry Idle Immortal Infinite Inner Innocent Invisible Iron Ivory Kind Last Late Little
  Lonely Long Lost Loud Lucky Mad Midnight Missing Modern Naked Narrow New Northern Old Open Other
  Pale Paper Perfect Plain Private Proud Quiet Rare Reckless Red Restless Rising Rough Sacred Salt
  Scarlet Second Secret Shallow Sharp Short Silent Silver Simple Sleeping Slow Small Soft Southern
  Stolen Strange Stubborn Sudden Sweet Tall Tender Thin Third Tidal Tiny True Twisted Unknown
  Unseen Vanishing Velvet Violent Wandering Warm Western White Wicked Wild Winter Wooden Young`);

export const NOUNS = words(`
  Alibi Anchor Angel Apartment Apple Archive Arrow Ash Autumn Avenue Bargain Bell Bird Boat Border
  Bottle Boulevard Bride Bridge Brother Cage Camera Candle Canyon Captain Carnival Castle Cathedral
  Chance Choir Circus City Clock Coast Colony Comet Compass Confession Corner Country Courier Crime
  Crossing Crown Current Dance Daughter Dawn Debt Desert Detective Diamond Diary Distance Doctor
  Dog Door Dream Driver Duel Dust Eagle Echo Eclipse Edge Elevator Empire Engine Escape Estate
  Evening Evidence Exile Express Eye Factory Family Farewell Father Feast Ferry Festival Field Fire
  Flood Forest Fortune Fountain Fox Frontier Game Garden Gate Ghost Giant Glass Gravity Guest
  Harbor Harvest Heart Heir Highway Hill Holiday Horizon Horse Hotel Hour House Hunter Hurricane
  Island Journey Judge Jungle Kingdom Kitchen Ladder Lake Lamp Lantern Law Legacy Letter Library
  Lie Light Lighthouse Lion Machine Magician Map Market Mask Meadow Memory Mercy Message Minister
  Mirror Mist Moon Morning Mother Mountain Museum Neighbor Night Nurse Oath Ocean Orchard Orchestra
  Orphan Painter Palace Paradise Passage Passenger Patient Photograph Pianist Pilot Pilgrim Planet
  Poet Portrait Prince Prisoner Promise Proof Queen Question Railway Rain Ransom Rebellion Refuge
  Republic Reunion Revenge Rider River Road Room Rose Rumor Sailor Scandal School Sea Season Secret
  Sentence Shadow Ship Shore Signal Silence Sister Sky Smoke Snow Soldier Son Song Spring Stage
  Star Station Storm Story Stranger Street Summer Summit Surgeon Swan Sword Telegram Tempest Theater
  Thief Thread Thunder Tide Tiger Tower Town Train Traitor Traveler Treasure Tree Trial Tunnel
  Valley Verdict Village Violin Visitor Voice Voyage Waltz War Watchman Water Wave Weather Wedding
  Widow Wife Wind Window Winter Wish Witness Wolf Woman World Year`);

export const PLACES = words(`
  Algiers Amsterdam Antwerp Athens Avignon Baku Barcelona Belgrade Bergen Berlin Bombay Bordeaux
  Boston Bremen Brooklyn Bruges Budapest Cairo Calcutta Cordoba Cork Dakar Dover Dresden Dublin
  Florence Genoa Ghent Glasgow Granada Hamburg Hanoi Havana Helsinki Istanbul Jakarta Kyoto Lagos
  Leipzig Lima Lisbon Ljubljana London Lucerne Madrid Malaga Manila Marrakesh Marseille Memphis
  Milan Monterey Montreal Nairobi Nantes Naples Odense Oslo Palermo Paris Porto Prague Quebec
  Reno Riga Rome Rotterdam Salzburg Santiago Sarajevo Seville Shanghai Siena Sofia Tallinn Tangier
  Tbilisi Tokyo Toledo Trieste Turin Utrecht Valencia Venice Vienna Vilnius Warsaw Zagreb Zurich`);

export const SUFFIXES = lines(`
  Part Two
  Part Three
  The Return
  A Beginning
  The Last Chapter
  Reunion
  A Family Story
  Director's Cut
  Origins
  The Final Night`);

export const GENRES = words(`
  Action Adventure Animation Biography Comedy Crime Documentary Drama Family Fantasy History Horror
  Music Mystery Romance Sport Thriller War Western`);

export const OCCUPATIONS = words(`
  Detective Doctor Teacher Captain Nurse Driver Waiter Judge Reporter Sergeant Professor Clerk
  Soldier Neighbor Bartender Pilot Sailor Lawyer Mayor Priest Janitor Guard Singer Widow Farmer`);
