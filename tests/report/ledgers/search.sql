BEGIN TRANSACTION;
CREATE TABLE about (
	"key" VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "about" VALUES('schema','4');
INSERT INTO "about" VALUES('expected','20');
CREATE TABLE artifacts (
	id INTEGER NOT NULL, 
	trial VARCHAR NOT NULL, 
	token INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(trial) REFERENCES trials ("key")
);
CREATE TABLE attempts (
	trial VARCHAR NOT NULL, 
	token INTEGER NOT NULL, 
	run INTEGER NOT NULL, 
	started VARCHAR NOT NULL, 
	ended VARCHAR, 
	seconds FLOAT, 
	load FLOAT, 
	memory_mib FLOAT, 
	state VARCHAR NOT NULL, 
	reason VARCHAR, 
	message TEXT, 
	place VARCHAR, 
	outcome TEXT, 
	PRIMARY KEY (trial, token), 
	FOREIGN KEY(trial) REFERENCES trials ("key"), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
INSERT INTO "attempts" VALUES('cdec8154618f',1,1,'2026-11-03T21:04:00.000+00:00','2026-11-03T21:05:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('155d0887e85e',1,1,'2026-11-03T21:06:00.000+00:00','2026-11-03T21:07:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('955e4ba54eda',1,1,'2026-11-03T21:08:00.000+00:00','2026-11-03T21:09:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('47f9f7bb0a82',1,1,'2026-11-03T21:10:00.000+00:00','2026-11-03T21:11:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('7255bdcdf791',1,1,'2026-11-03T21:12:00.000+00:00','2026-11-03T21:13:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('7504c39ceca2',1,1,'2026-11-03T21:14:00.000+00:00','2026-11-03T21:15:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('2529507f2d65',1,1,'2026-11-03T21:16:00.000+00:00','2026-11-03T21:17:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('50c00849815d',1,1,'2026-11-03T21:18:00.000+00:00','2026-11-03T21:19:00.000+00:00',6.0,1.0,500.0,'failed','RAISED','ArithmeticError: diverged','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('229fbd86633d',1,1,'2026-11-03T21:20:00.000+00:00','2026-11-03T21:21:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('ce64a30725d4',1,1,'2026-11-03T21:22:00.000+00:00','2026-11-03T21:23:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('8eb36b36d8e8',1,1,'2026-11-03T21:24:00.000+00:00','2026-11-03T21:25:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('00f96a4aaa9f',1,1,'2026-11-03T21:26:00.000+00:00','2026-11-03T21:27:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('12b0e2f9b28b',1,1,'2026-11-03T21:28:00.000+00:00','2026-11-03T21:29:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('5eaff89eafbf',1,1,'2026-11-03T21:30:00.000+00:00','2026-11-03T21:31:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('b455d5c57f97',1,1,'2026-11-03T21:32:00.000+00:00','2026-11-03T21:33:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('723fc2524dcd',1,1,'2026-11-03T21:34:00.000+00:00','2026-11-03T21:35:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('01eddf3f7d08',1,1,'2026-11-03T21:36:00.000+00:00','2026-11-03T21:37:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('36e160f9cfbe',1,1,'2026-11-03T21:38:00.000+00:00','2026-11-03T21:39:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('4618bd6eade7',1,1,'2026-11-03T21:40:00.000+00:00','2026-11-03T21:41:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
INSERT INTO "attempts" VALUES('f359ad5fffa9',1,1,'2026-11-03T21:42:00.000+00:00','2026-11-03T21:43:00.000+00:00',6.0,1.0,500.0,'done','MEASURED','','worker 11651 on vm',NULL);
CREATE TABLE campaigns (
	id INTEGER NOT NULL, 
	written VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "campaigns" VALUES(1,'2026-11-03T21:01:00.000+00:00','{"claims":[],"decisions":[],"description":"","name":"search-night","rule":"all","seed":42}');
CREATE TABLE criteria (
	id INTEGER NOT NULL, 
	study INTEGER NOT NULL, 
	written VARCHAR NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(study) REFERENCES studies (id)
);
INSERT INTO "criteria" VALUES(1,1,'2026-11-03T21:02:00.000+00:00','3fde25bb45ac','[{"above":null,"at_least":null,"at_most":null,"below":2.0,"label":"","level":"hard","of":[],"quantity":"loss"}]');
CREATE TABLE events (
	id INTEGER NOT NULL, 
	written VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE findings (
	id INTEGER NOT NULL, 
	study INTEGER NOT NULL, 
	written VARCHAR NOT NULL, 
	criteria VARCHAR NOT NULL, 
	verdict VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(study) REFERENCES studies (id)
);
INSERT INTO "findings" VALUES(1,1,'2026-11-03T21:45:00.000+00:00','3fde25bb45ac','PASS','[{"criterion":"loss","level":"hard","of":[],"outcome":"met","quantity":"loss","sentence":"loss = 0.541962: < 2 holds.","threshold":"< 2","uncertainty":0.011518131029312671,"value":0.5419619458991841}]');
CREATE TABLE members (
	study INTEGER NOT NULL, 
	round INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	trial VARCHAR NOT NULL, 
	why VARCHAR NOT NULL, 
	which TEXT, 
	point TEXT NOT NULL, 
	grid BOOLEAN NOT NULL, 
	PRIMARY KEY (study, round, position), 
	FOREIGN KEY(study) REFERENCES studies (id)
);
INSERT INTO "members" VALUES(1,0,0,'cdec8154618f','trial','0','{}',1);
INSERT INTO "members" VALUES(1,1,0,'155d0887e85e','trial','1','{}',1);
INSERT INTO "members" VALUES(1,2,0,'955e4ba54eda','trial','2','{}',1);
INSERT INTO "members" VALUES(1,3,0,'47f9f7bb0a82','trial','3','{}',1);
INSERT INTO "members" VALUES(1,4,0,'7255bdcdf791','trial','4','{}',1);
INSERT INTO "members" VALUES(1,5,0,'7504c39ceca2','trial','5','{}',1);
INSERT INTO "members" VALUES(1,6,0,'2529507f2d65','trial','6','{}',1);
INSERT INTO "members" VALUES(1,7,0,'50c00849815d','trial','7','{}',1);
INSERT INTO "members" VALUES(1,8,0,'229fbd86633d','trial','8','{}',1);
INSERT INTO "members" VALUES(1,9,0,'ce64a30725d4','trial','9','{}',1);
INSERT INTO "members" VALUES(1,10,0,'8eb36b36d8e8','trial','10','{}',1);
INSERT INTO "members" VALUES(1,11,0,'00f96a4aaa9f','trial','11','{}',1);
INSERT INTO "members" VALUES(1,12,0,'12b0e2f9b28b','trial','12','{}',1);
INSERT INTO "members" VALUES(1,13,0,'5eaff89eafbf','trial','13','{}',1);
INSERT INTO "members" VALUES(1,14,0,'b455d5c57f97','confirm',NULL,'{}',1);
INSERT INTO "members" VALUES(1,14,1,'723fc2524dcd','confirm',NULL,'{}',1);
INSERT INTO "members" VALUES(1,14,2,'01eddf3f7d08','confirm',NULL,'{}',1);
INSERT INTO "members" VALUES(1,14,3,'36e160f9cfbe','confirm',NULL,'{}',1);
INSERT INTO "members" VALUES(1,14,4,'4618bd6eade7','confirm',NULL,'{}',1);
INSERT INTO "members" VALUES(1,14,5,'f359ad5fffa9','confirm',NULL,'{}',1);
CREATE TABLE preflights (
	id INTEGER NOT NULL, 
	written VARCHAR NOT NULL, 
	"plan" VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "preflights" VALUES(1,'2026-11-03T21:03:00.000+00:00','aad3141b182c','{"hopeless":false,"sentence":"No rehearsal was declared; it would tell whether every parameter does anything.","studies":[{"study":"bowl","findings":[],"reachability":[],"symmetries":[],"identifiability":{},"rank":null,"degrees_of_freedom":0,"forecast":null,"checked":[],"not_checked":[{"check":"whether every parameter does anything","why":"no rehearsal was declared"}],"evaluations":0}],"seconds":4.0}');
CREATE TABLE problems (
	fingerprint VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (fingerprint)
);
INSERT INTO "problems" VALUES('f3f15daf81eb','{"baselines":[{"metrics":{"loss":0.5},"name":"constant","null":false}],"constraints":[],"deterministic":false,"kind":"search","knobs":[],"name":"","objectives":[{"direction":"minimise","name":"loss","reference":null,"unit":"nats"}],"parameters":[{"fixed":null,"guess":null,"kind":"real","lower":-5.0,"name":"rate","physical":[null,null],"prior":null,"scale":"linear","unit":"","upper":5.0,"when":null},{"fixed":null,"kind":"integer","lower":1,"name":"width","scale":"linear","step":1,"unit":"","upper":8,"when":null},{"fixed":null,"kind":"choice","name":"kind","options":["a","b"],"unit":"","when":null}],"precision":"double","units":{}}');
CREATE TABLE reports (
	trial VARCHAR NOT NULL, 
	token INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	step INTEGER NOT NULL, 
	written VARCHAR NOT NULL, 
	value FLOAT, 
	PRIMARY KEY (trial, token, name, step), 
	FOREIGN KEY(trial) REFERENCES trials ("key")
);
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	started VARCHAR NOT NULL, 
	ended VARCHAR, 
	ending VARCHAR, 
	why TEXT, 
	owner VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	pid INTEGER NOT NULL, 
	born FLOAT NOT NULL, 
	beat INTEGER NOT NULL, 
	seen VARCHAR NOT NULL, 
	stop TEXT, 
	"plan" VARCHAR, 
	provenance TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES(1,'2026-11-03T21:00:00.000+00:00','2026-11-03T21:46:00.000+00:00','finished','','process 1 on workstation','workstation',1,0.0,0,'2026-11-03T21:00:00.000+00:00',NULL,'c54caf7ee4f8','{"changes":"","commit":"","daybreak":"0.1.0","origin":"","platform":"Linux","plugins":{},"processor":"a processor","python":"3.11.7","sources":{},"versions":{"equinox":"0.13.8","jax":"0.10.2","jaxlib":"0.10.2","numpy":"2.4.6","optuna":"5.0.0","pydantic":"2.14.3","scipy":"1.17.1","sqlalchemy":"2.1.9"}}');
CREATE TABLE sources (
	sha256 VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (sha256)
);
CREATE TABLE studies (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	planned BOOLEAN NOT NULL, 
	follows VARCHAR, 
	fingerprint VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	facts TEXT, 
	batch INTEGER, 
	places TEXT, 
	carried TEXT, 
	note TEXT, 
	state VARCHAR NOT NULL, 
	error TEXT, 
	ended VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (name), 
	FOREIGN KEY(fingerprint) REFERENCES problems (fingerprint)
);
INSERT INTO "studies" VALUES(1,'bowl',0,1,NULL,'f3f15daf81eb','{"settings": {}, "method": {"method": "search", "sampler": "random", "engine": "random", "trials": 14, "forced": [], "pruner": null, "duplicates": "skip", "confirm": 2, "confirmations": 3, "batch": 1, "population": 50, "startup": 10, "known": []}, "counted": true, "seed": null}','{"by":"daybreak.methods.search.Search","ends_only":false,"engine":"random","in_words":"search by random, 14 trials","interest":[],"jointly":false,"relaxed":true,"repeats":false,"sampler":"random","trials":14}',1,'[]',NULL,NULL,'finished',NULL,'2026-11-03T21:44:00.000+00:00');
CREATE TABLE trials (
	"key" VARCHAR NOT NULL, 
	configuration TEXT NOT NULL, 
	kind VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	problem VARCHAR NOT NULL, 
	settings VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	token INTEGER NOT NULL, 
	run INTEGER, 
	outcome TEXT, 
	PRIMARY KEY ("key"), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
INSERT INTO "trials" VALUES('cdec8154618f','{"configuration":{"kind":"a","rate":-2.193661010166567,"width":5},"kind":"search","options":{},"problem":"309c21af88d2","seed":1332905108,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-2.193661010166567]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,11.449470647858135],[1,10.949470647858135],[2,10.782803981191469]],"seed":1332905108},"iterations":0,"message":"","metrics":{"loss":10.467965806534838,"size":5.0},"parameters":{"kind":"a","rate":-2.193661010166567,"width":5},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('155d0887e85e','{"configuration":{"kind":"a","rate":-2.671535439450896,"width":8},"kind":"search","options":{},"problem":"309c21af88d2","seed":145016597,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-2.671535439450896]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,14.880172483143886],[1,14.380172483143886],[2,14.21350581647722]],"seed":145016597},"iterations":0,"message":"","metrics":{"loss":13.90457272711169,"size":8.0},"parameters":{"kind":"a","rate":-2.671535439450896,"width":8},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('955e4ba54eda','{"configuration":{"kind":"b","rate":-0.830423647920135,"width":7},"kind":"search","options":{},"problem":"309c21af88d2","seed":786824523,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-0.830423647920135]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,5.000450730865254],[1,4.500450730865254],[2,4.333784064198587]],"seed":786824523},"iterations":0,"message":"","metrics":{"loss":4.020689895940418,"size":7.0},"parameters":{"kind":"b","rate":-0.830423647920135,"width":7},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('47f9f7bb0a82','{"configuration":{"kind":"a","rate":-4.931492703147286,"width":3},"kind":"search","options":{},"problem":"309c21af88d2","seed":1991737684,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-4.931492703147286]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,36.33260568748949],[1,35.83260568748949],[2,35.665939020822826]],"seed":1991737684},"iterations":0,"message":"","metrics":{"loss":35.37855264640955,"size":3.0},"parameters":{"kind":"a","rate":-4.931492703147286,"width":3},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('7255bdcdf791','{"configuration":{"kind":"b","rate":-4.666915170842897,"width":1},"kind":"search","options":{},"problem":"309c21af88d2","seed":2008316895,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-4.666915170842897]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,33.46392755352937],[1,32.96392755352937],[2,32.79726088686271]],"seed":2008316895},"iterations":0,"message":"","metrics":{"loss":32.47361957428788,"size":1.0},"parameters":{"kind":"b","rate":-4.666915170842897,"width":1},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('7504c39ceca2','{"configuration":{"kind":"b","rate":-4.242216805427743,"width":7},"kind":"search","options":{},"problem":"309c21af88d2","seed":862262290,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-4.242216805427743]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,29.130837035109053],[1,28.630837035109053],[2,28.464170368442385]],"seed":862262290},"iterations":0,"message":"","metrics":{"loss":28.10451014537544,"size":7.0},"parameters":{"kind":"b","rate":-4.242216805427743,"width":7},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('2529507f2d65','{"configuration":{"kind":"b","rate":-0.5823866476626103,"width":1},"kind":"search","options":{},"problem":"309c21af88d2","seed":764445680,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-0.5823866476626103]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,3.8539475027009136],[1,3.3539475027009136],[2,3.187280836034247]],"seed":764445680},"iterations":0,"message":"","metrics":{"loss":2.8540681369468555,"size":1.0},"parameters":{"kind":"b","rate":-0.5823866476626103,"width":1},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('50c00849815d','{"configuration":{"kind":"b","rate":2.4337130077588256,"width":4},"kind":"search","options":{},"problem":"309c21af88d2","seed":1342374081,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','failed',1,1,'{"chi2":null,"details":{"seed":1342374081,"traceback":"Traceback (most recent call last):\n  File \"trials.py\", line 109, in _one\n    metrics = _function(problem, task)(trial)\n              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"trials.py\", line 140, in <lambda>\n    return lambda trial: (evaluate or problem.evaluate)(configuration, trial)\n                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"nights.py\", line 336, in evaluate\n    raise ArithmeticError(msg)\nArithmeticError: diverged\n"},"iterations":0,"message":"ArithmeticError: diverged","parameters":{"kind":"b","rate":2.4337130077588256,"width":4},"reason":"RAISED","u":[]}');
INSERT INTO "trials" VALUES('229fbd86633d','{"configuration":{"kind":"a","rate":-3.8479410182601006,"width":4},"kind":"search","options":{},"problem":"309c21af88d2","seed":1271348705,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-3.8479410182601006]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,24.70253211652878],[1,24.20253211652878],[2,24.03586544986211]],"seed":1271348705},"iterations":0,"message":"","metrics":{"loss":23.711153208933197,"size":4.0},"parameters":{"kind":"a","rate":-3.8479410182601006,"width":4},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('ce64a30725d4','{"configuration":{"kind":"b","rate":0.713886141880745,"width":3},"kind":"search","options":{},"problem":"309c21af88d2","seed":1070838779,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,0.713886141880745]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,1.5318611398078852],[1,1.0318611398078852],[2,0.8651944731412184]],"seed":1070838779},"iterations":0,"message":"","metrics":{"loss":0.5290112602675653,"size":3.0},"parameters":{"kind":"b","rate":0.713886141880745,"width":3},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('8eb36b36d8e8','{"configuration":{"kind":"a","rate":-3.7046941624844876,"width":1},"kind":"search","options":{},"problem":"309c21af88d2","seed":814343846,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-3.7046941624844876]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,23.184147162515618],[1,22.684147162515618],[2,22.51748049584895]],"seed":814343846},"iterations":0,"message":"","metrics":{"loss":22.19819861972307,"size":1.0},"parameters":{"kind":"a","rate":-3.7046941624844876,"width":1},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('00f96a4aaa9f','{"configuration":{"kind":"b","rate":-4.666370625821771,"width":5},"kind":"search","options":{},"problem":"309c21af88d2","seed":435422196,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-4.666370625821771]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,33.657756069175804],[1,33.157756069175804],[2,32.99108940250914]],"seed":435422196},"iterations":0,"message":"","metrics":{"loss":32.62890096422326,"size":5.0},"parameters":{"kind":"b","rate":-4.666370625821771,"width":5},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('12b0e2f9b28b','{"configuration":{"kind":"a","rate":4.2018186418378605,"width":2},"kind":"search","options":{},"problem":"309c21af88d2","seed":279082213,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,4.2018186418378605]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,11.351642615220442],[1,10.851642615220442],[2,10.684975948553776]],"seed":279082213},"iterations":0,"message":"","metrics":{"loss":10.345868825842123,"size":2.0},"parameters":{"kind":"a","rate":4.2018186418378605,"width":2},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('5eaff89eafbf','{"configuration":{"kind":"a","rate":-2.328219614150695,"width":6},"kind":"search","options":{},"problem":"309c21af88d2","seed":550156030,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-2.328219614150695]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,12.377045800017402],[1,11.877045800017402],[2,11.710379133350736]],"seed":550156030},"iterations":0,"message":"","metrics":{"loss":11.390378618348576,"size":6.0},"parameters":{"kind":"a","rate":-2.328219614150695,"width":6},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('b455d5c57f97','{"configuration":{"kind":"b","rate":0.713886141880745,"width":3},"kind":"search","options":{},"problem":"309c21af88d2","seed":1344002287,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,0.713886141880745]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,1.5318611398078852],[1,1.0318611398078852],[2,0.8651944731412184]],"seed":1344002287},"iterations":0,"message":"","metrics":{"loss":0.5388556667125735,"size":3.0},"parameters":{"kind":"b","rate":0.713886141880745,"width":3},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('723fc2524dcd','{"configuration":{"kind":"b","rate":0.713886141880745,"width":3},"kind":"search","options":{},"problem":"309c21af88d2","seed":250523171,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,0.713886141880745]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,1.5318611398078852],[1,1.0318611398078852],[2,0.8651944731412184]],"seed":250523171},"iterations":0,"message":"","metrics":{"loss":0.5632828698760861,"size":3.0},"parameters":{"kind":"b","rate":0.713886141880745,"width":3},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('01eddf3f7d08','{"configuration":{"kind":"b","rate":0.713886141880745,"width":3},"kind":"search","options":{},"problem":"309c21af88d2","seed":494606035,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,0.713886141880745]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,1.5318611398078852],[1,1.0318611398078852],[2,0.8651944731412184]],"seed":494606035},"iterations":0,"message":"","metrics":{"loss":0.5237473011088928,"size":3.0},"parameters":{"kind":"b","rate":0.713886141880745,"width":3},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('36e160f9cfbe','{"configuration":{"kind":"b","rate":-0.5823866476626103,"width":1},"kind":"search","options":{},"problem":"309c21af88d2","seed":24134164,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-0.5823866476626103]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,3.8539475027009136],[1,3.3539475027009136],[2,3.187280836034247]],"seed":24134164},"iterations":0,"message":"","metrics":{"loss":2.8188234511188495,"size":1.0},"parameters":{"kind":"b","rate":-0.5823866476626103,"width":1},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('4618bd6eade7','{"configuration":{"kind":"b","rate":-0.5823866476626103,"width":1},"kind":"search","options":{},"problem":"309c21af88d2","seed":121681755,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-0.5823866476626103]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,3.8539475027009136],[1,3.3539475027009136],[2,3.187280836034247]],"seed":121681755},"iterations":0,"message":"","metrics":{"loss":2.8654893791378684,"size":1.0},"parameters":{"kind":"b","rate":-0.5823866476626103,"width":1},"reason":"MEASURED","u":[]}');
INSERT INTO "trials" VALUES('f359ad5fffa9','{"configuration":{"kind":"b","rate":-0.5823866476626103,"width":1},"kind":"search","options":{},"problem":"309c21af88d2","seed":1430806963,"settings":{}}','search','evaluation','309c21af88d2','44136fa355b3','done',1,1,'{"chi2":null,"details":{"artifacts":[{"bands":{},"kind":"curve","name":"gain","points":[],"x":[0.0,1.0],"x_label":"x","x_scale":"linear","x_unit":"","y":{"gain":[1.0,-0.5823866476626103]},"y_label":"y","y_scale":"linear","y_unit":""}],"reports":[[0,3.8539475027009136],[1,3.3539475027009136],[2,3.187280836034247]],"seed":1430806963},"iterations":0,"message":"","metrics":{"loss":2.8556811574701872,"size":1.0},"parameters":{"kind":"b","rate":-0.5823866476626103,"width":1},"reason":"MEASURED","u":[]}');
CREATE INDEX trials_by_problem ON trials (problem, settings, role, kind);
CREATE INDEX trials_by_state ON trials (state);
CREATE INDEX attempts_by_run ON attempts (run, state);
CREATE INDEX artifacts_by_trial ON artifacts (trial);
COMMIT;
