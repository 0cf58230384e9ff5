"""Runs the kit, unless a flasher left it unfinished."""

if __name__ == "__main__":
    import os

    if "INCOMPLETE" in os.listdir():
        print("INCOMPLETE: flashing was not finished and verified; flash this kit again")
    else:
        from nspkit import board as boards

        board = boards.Board()
        if "stored" in os.listdir():
            from nspkit import cupboard

            cupboard.enter(board)
            board.forget(("nspkit.cupboard", "nspkit.asleep", "nspkit.trials"))
            del cupboard
        from nspkit import start

        plan = start.plan(board)
        del start
        from nspkit import app

        app.main(board, plan)
