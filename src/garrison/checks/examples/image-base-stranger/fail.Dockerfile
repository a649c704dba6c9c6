FROM fraudteam2019/torch-serving:1.4
